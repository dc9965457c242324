// Device-bus client: the one connection from the emulated machine to the simulated spacecraft.
// Wire format and conventions: docs/icd/device-bus.md, section "Renode".
//
// Every call blocks until the simulator has answered; virtual time stands still meanwhile, so that
// machine and spacecraft run in lockstep. The client connects out to the loopback interface only.
using System;
using System.IO;
using System.Net.Sockets;

using Antmicro.Migrant;
using Antmicro.Renode.Core;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    public class DevBusClient : IDoubleWordPeripheral, IKnownSize
    {
        public DevBusClient(IMachine machine, int port = 5810)
        {
            this.machine = machine;
            Port = port;
            sticky = new byte[Buses];
        }

        // Machine reset: the next operation says hello, onboard time starts at zero again.
        public void Reset()
        {
            resetAtMicroseconds = MachineMicroseconds();
            greeted = false;
            resetPending = false;
            Array.Clear(sticky, 0, sticky.Length);
        }

        // The register window is for the monitor, not for firmware.
        public uint ReadDoubleWord(long offset)
        {
            switch(offset)
            {
            case 0x0:
                return exchanges;
            case 0x4:
                return failures;
            default:
                return 0;
            }
        }

        public void WriteDoubleWord(long offset, uint value)
        {
            this.WarningLog("Write to the read-only window of the device bus ignored");
        }

        // One operation. Answers the status (0 or more, or a negative errno) and fills `rx`.
        public int Exchange(byte operation, byte bus, ushort address, byte[] tx, byte[] rx)
        {
            if(resetPending)
            {
                return ConnectionReset;
            }
            if(broken)
            {
                return InputOutputError;
            }
            try
            {
                if(!greeted)
                {
                    greeted = true;
                    var version = new byte[1];
                    // Reset cause and profile are the firmware's; the bridge cannot know them.
                    var answer = Transact(Hello, 0, 0, new byte[] { Version, 0, 0 }, version);
                    if(answer < 0 || version[0] != Version)
                    {
                        throw new IOException("simulator refused hello: status " + answer);
                    }
                }
                var status = Transact(operation, bus, address, tx, rx);
                if(status == ConnectionReset)
                {
                    resetPending = true;
                    machine.RequestReset();
                }
                return status;
            }
            catch(Exception e) when(e is IOException || e is SocketException)
            {
                broken = true;
                this.ErrorLog("Device bus lost: {0}", e.Message);
                return InputOutputError;
            }
        }

        // The first failure of a bus stays until it is read.
        public void RaiseStatus(byte bus, int status)
        {
            if(status < 0 && bus < Buses && sticky[bus] == 0)
            {
                sticky[bus] = (byte)Math.Min(-status, byte.MaxValue);
            }
        }

        public byte TakeStatus(byte bus)
        {
            if(bus >= Buses)
            {
                return 0;
            }
            var status = sticky[bus];
            sticky[bus] = 0;
            return status;
        }

        // Time since the last machine reset, exact also in the middle of a quantum.
        public ulong OnboardMicroseconds()
        {
            return MachineMicroseconds() - resetAtMicroseconds;
        }

        public int Port { get; set; }

        public long Size => 0x8;

        private int Transact(byte operation, byte bus, ushort address, byte[] tx, byte[] rx)
        {
            if(tx.Length > DataMax || rx.Length > DataMax)
            {
                failures++;
                return InvalidArgument;
            }
            var request = new byte[RequestHeader + tx.Length];
            request[0] = operation;
            request[1] = bus;
            PutLittleEndian(request, 2, address, 2);
            PutLittleEndian(request, 4, (ulong)tx.Length, 2);
            PutLittleEndian(request, 6, (ulong)rx.Length, 2);
            PutLittleEndian(request, 8, OnboardMicroseconds(), 8);
            Array.Copy(tx, 0, request, RequestHeader, tx.Length);

            Connect();
            stream.Write(request, 0, request.Length);
            var reply = new byte[ReplyHeader + rx.Length];
            var filled = 0;
            while(filled < reply.Length)
            {
                var count = stream.Read(reply, filled, reply.Length - filled);
                if(count <= 0)
                {
                    throw new IOException("simulator closed the connection");
                }
                filled += count;
            }
            Array.Copy(reply, ReplyHeader, rx, 0, rx.Length);
            exchanges++;
            var status = (short)(reply[0] | (reply[1] << 8));
            if(status < 0)
            {
                failures++;
            }
            return status;
        }

        private void Connect()
        {
            if(stream != null)
            {
                return;
            }
            socket = new TcpClient("127.0.0.1", Port);
            socket.NoDelay = true;
            socket.ReceiveTimeout = TimeoutMilliseconds;
            socket.SendTimeout = TimeoutMilliseconds;
            stream = socket.GetStream();
        }

        private ulong MachineMicroseconds()
        {
            // Lets the processor report what it has executed since the last synchronisation.
            if(machine.SystemBus.TryGetCurrentCPU(out var cpu))
            {
                cpu.SyncTime();
            }
            return (ulong)machine.ElapsedVirtualTime.TimeElapsed.TotalMicroseconds;
        }

        private static void PutLittleEndian(byte[] target, int offset, ulong value, int size)
        {
            for(var i = 0; i < size; i++)
            {
                target[offset + i] = (byte)(value >> (8 * i));
            }
        }

        private bool greeted;
        private bool resetPending;
        private bool broken;
        private ulong resetAtMicroseconds;
        private uint exchanges;
        private uint failures;
        private readonly byte[] sticky;
        private readonly IMachine machine;

        [Transient]
        private TcpClient socket;
        [Transient]
        private NetworkStream stream;

        public const byte Hello = 1;
        public const byte I2C = 2;
        public const byte Spi = 3;
        public const byte UartWrite = 4;
        public const byte UartRead = 5;
        public const byte WatchdogKick = 8;
        public const byte I2CPeek = 9;
        public const byte SpiPeek = 10;

        public const int DataMax = 300;
        public const byte Version = 1;

        private const int RequestHeader = 16;
        private const int ReplyHeader = 4;
        private const int Buses = 8;
        private const int TimeoutMilliseconds = 60000;
        private const int InputOutputError = -5;
        private const int InvalidArgument = -22;
        private const int ConnectionReset = -104;
    }
}
