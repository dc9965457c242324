// I2C slaves that live in the simulated spacecraft: one instance per address of a bus.
//
// Renode's master asks byte by byte and never says how many bytes will follow, so the bytes come
// from peeks, which change nothing, and at the end of the transaction one I2C operation with the
// true lengths acts on the device: docs/icd/device-bus.md, section "Renode".
using System;

using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Miscellaneous;

namespace Antmicro.Renode.Peripherals.I2C
{
    public class DevBusI2C : II2CPeripheral
    {
        public DevBusI2C(DevBusClient client, int bus, int address)
        {
            this.client = client;
            this.bus = (byte)bus;
            this.address = (ushort)address;
            Reset();
        }

        public void Reset()
        {
            Forget();
        }

        // Called at STOP or repeated START with everything written since START.
        public void Write(byte[] data)
        {
            if(open)
            {
                Commit();
            }
            written = data;
            open = true;
        }

        public byte[] Read(int count = 1)
        {
            var result = new byte[count];
            open = true;
            for(var i = 0; i < count; i++)
            {
                result[i] = NextByte();
            }
            return result;
        }

        // STOP. With nothing written or read this was an address probe.
        public void FinishTransmission()
        {
            Commit();
        }

        private byte NextByte()
        {
            if(taken == ahead.Length && taken < DevBusClient.DataMax)
            {
                ahead = new byte[taken == 0 ? FirstPeek : DevBusClient.DataMax];
                if(client.Exchange(DevBusClient.I2CPeek, bus, address, written, ahead) < 0)
                {
                    // A bus nobody drives reads ones; the commit reports the error.
                    for(var i = 0; i < ahead.Length; i++)
                    {
                        ahead[i] = 0xFF;
                    }
                }
            }
            var value = taken < ahead.Length ? ahead[taken] : (byte)0xFF;
            taken++;
            return value;
        }

        private void Commit()
        {
            var write = written;
            var read = new byte[taken];
            Forget();
            client.RaiseStatus(bus, client.Exchange(DevBusClient.I2C, bus, address, write, read));
        }

        private void Forget()
        {
            open = false;
            taken = 0;
            written = Nothing;
            ahead = Nothing;
        }

        private bool open;
        private int taken;
        private byte[] written;
        private byte[] ahead;
        private readonly DevBusClient client;
        private readonly byte bus;
        private readonly ushort address;

        private static readonly byte[] Nothing = new byte[0];
        private const int FirstPeek = 32;
    }

    // The reserved address at which the driver asks how the last transfers of its bus ended.
    public class DevBusI2CStatus : II2CPeripheral
    {
        public DevBusI2CStatus(DevBusClient client, int bus)
        {
            this.client = client;
            this.bus = (byte)bus;
        }

        public void Reset()
        {
        }

        public void Write(byte[] data)
        {
        }

        public byte[] Read(int count = 1)
        {
            var result = new byte[count];
            if(count > 0)
            {
                result[0] = client.TakeStatus(bus);
            }
            return result;
        }

        public void FinishTransmission()
        {
        }

        private readonly DevBusClient client;
        private readonly byte bus;
    }
}
