// A part on SPI that lives in the simulated spacecraft: docs/icd/device-bus.md, section "Renode".
//
// What a part drives depends on the bytes it has seen, and the instruction acts as its chip select
// rises. So the answers come from peeks, some ahead for as long as the master sends zeros, and the
// end of the selection is one SPI operation with every byte that was sent.
using System;
using System.Collections.Generic;

using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Miscellaneous;

namespace Antmicro.Renode.Peripherals.SPI
{
    public class DevBusSpi : ISPIPeripheral, IGPIOReceiver
    {
        public DevBusSpi(DevBusClient client, int bus, int select)
        {
            this.client = client;
            this.bus = (byte)bus;
            this.select = (ushort)select;
        }

        public void Reset()
        {
            selected = false;
            Forget();
        }

        // Input 0 is the chip select, active low. Nobody drives it before the firmware does: the
        // first falling edge begins the first selection.
        public void OnGPIO(int number, bool value)
        {
            if(number != 0 || value == !selected)
            {
                return;
            }
            selected = !value;
            if(!selected)
            {
                Commit();
            }
        }

        public byte Transmit(byte data)
        {
            if(!selected || sent.Count >= DevBusClient.DataMax)
            {
                return Floating;
            }
            var answer = NextAnswer();
            sent.Add(data);
            // Other bytes than those that were peeked with: the answers from here on are void.
            if(data != 0)
            {
                ahead = Nothing;
            }
            return answer;
        }

        // The controller ends no selection: the chip select does.
        public void FinishTransmission()
        {
        }

        private byte NextAnswer()
        {
            if(taken == ahead.Length || ahead.Length == 0)
            {
                var left = DevBusClient.DataMax - sent.Count;
                ahead = new byte[Math.Min(sent.Count < Header ? 1 : Ahead, left)];
                taken = 0;
                if(client.Exchange(DevBusClient.SpiPeek, bus, select, sent.ToArray(), ahead) < 0)
                {
                    for(var i = 0; i < ahead.Length; i++)
                    {
                        ahead[i] = Floating;
                    }
                }
            }
            return ahead[taken++];
        }

        private void Commit()
        {
            var tx = sent.ToArray();
            Forget();
            if(tx.Length > 0)
            {
                client.Exchange(DevBusClient.Spi, bus, select, tx, Nothing);
            }
        }

        private void Forget()
        {
            sent.Clear();
            ahead = Nothing;
            taken = 0;
        }

        private bool selected;
        private byte[] ahead = Nothing;
        private int taken;
        private readonly List<byte> sent = new List<byte>();
        private readonly DevBusClient client;
        private readonly byte bus;
        private readonly ushort select;

        private static readonly byte[] Nothing = new byte[0];
        private const byte Floating = 0xFF;
        // Bytes of an instruction before which nothing is worth peeking ahead.
        private const int Header = 4;
        private const int Ahead = 64;
    }
}
