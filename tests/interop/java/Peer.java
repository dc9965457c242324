import eu.dariolucia.ccsds.tmtc.coding.decoder.CltuDecoder;
import eu.dariolucia.ccsds.tmtc.coding.decoder.CltuRandomizerDecoder;
import eu.dariolucia.ccsds.tmtc.coding.encoder.CltuEncoder;
import eu.dariolucia.ccsds.tmtc.coding.encoder.CltuRandomizerEncoder;
import eu.dariolucia.ccsds.tmtc.cop1.farm.FarmEngine;
import eu.dariolucia.ccsds.tmtc.cop1.farm.FarmState;
import eu.dariolucia.ccsds.tmtc.datalink.pdu.TcTransferFrame;
import eu.dariolucia.ccsds.tmtc.datalink.pdu.TmTransferFrame;
import eu.dariolucia.ccsds.tmtc.ocf.pdu.Clcw;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HexFormat;

/**
 * Asks the library one question per line: a word, then octets in hexadecimal. Answers one line each.
 */
public class Peer {
    private static final HexFormat HEX = HexFormat.of();
    private static final int SECURITY_HEADER = 14;
    private static final int SECURITY_TRAILER = 16;
    private static FarmEngine farm;

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            String[] words = line.split(" ");
            byte[] octets = words.length > 1 ? HEX.parseHex(words[1]) : new byte[0];
            String answer;
            try {
                answer = answer(words[0], octets);
            } catch (RuntimeException error) {
                answer = "refused " + error.getClass().getSimpleName();
            }
            System.out.println(answer);
            System.out.flush();
        }
        System.exit(0);
    }

    private static String answer(String word, byte[] octets) throws Exception {
        switch (word) {
            case "cltu":
                TcTransferFrame sent = telecommand(octets);
                byte[] randomised = new CltuRandomizerEncoder<TcTransferFrame>().apply(sent, padded(octets));
                return HEX.formatHex(new CltuEncoder<TcTransferFrame>().apply(sent, randomised));
            case "uncltu":
                byte[] inside = new CltuDecoder().apply(octets);
                return HEX.formatHex(new CltuRandomizerDecoder().apply(inside));
            case "tc":
                return describe(telecommand(octets));
            case "tm":
                return describe(new TmTransferFrame(octets, true));
            case "tms":
                return describe(
                        new TmTransferFrame(octets, true, SECURITY_HEADER, SECURITY_TRAILER));
            case "farm":
                // Channel, window, V(R). Room for all frames of a test: it must not come to Wait
                // because a thread that takes them out has no processor just now.
                farm = new FarmEngine(octets[0], frame -> {}, true, 4096, octets[1] & 0xFF,
                        FarmState.S1, octets[2] & 0xFF);
                return clcw(farm.get());
            case "frame":
                farm.frameArrived(telecommand(octets));
                return clcw(farm.get()); // asked of the thread that has handled the frame
            default:
                return "unknown";
        }
    }

    private static byte[] padded(byte[] frame) {
        byte[] out = new byte[(frame.length + 6) / 7 * 7];
        java.util.Arrays.fill(out, (byte) 0x55);
        System.arraycopy(frame, 0, out, 0, frame.length);
        return out;
    }

    private static TcTransferFrame telecommand(byte[] octets) {
        boolean control = (octets[0] & 0x10) != 0;
        int header = control ? 0 : SECURITY_HEADER;
        int trailer = control ? 0 : SECURITY_TRAILER;
        return new TcTransferFrame(octets, vc -> !control, true, header, trailer);
    }

    private static String describe(TcTransferFrame f) {
        String security = f.isSecurityUsed() ? HEX.formatHex(f.getSecurityHeaderCopy()) : "-";
        return String.format("%s %d %d %d %d %d %b %s", f.getFrameType(), f.getSpacecraftId(),
                f.getVirtualChannelId(), f.getVirtualChannelFrameCount(), f.getLength(),
                f.getMapId(), f.isValid(), security);
    }

    private static String describe(TmTransferFrame f) {
        return String.format("%d %d %d %d %d %b %b %s %d", f.getSpacecraftId(),
                f.getVirtualChannelId(), f.getMasterChannelFrameCount(),
                f.getVirtualChannelFrameCount(), f.getFirstHeaderPointer(), f.isIdleFrame(),
                f.isValid(), HEX.formatHex(f.getOcfCopy()), f.getDataFieldLength());
    }

    private static String clcw(Clcw value) {
        return String.format("%d %d %b %b %b %d", value.getVirtualChannelId(), value.getReportValue(),
                value.isLockoutFlag(), value.isWaitFlag(), value.isRetransmitFlag(),
                value.getFarmBCounter());
    }
}
