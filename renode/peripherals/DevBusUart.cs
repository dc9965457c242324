// A UART whose far end is in the simulated spacecraft: docs/icd/device-bus.md, section "Renode".
//
// What the firmware sends goes over at once, byte by byte. What comes is fetched once per grid
// interval, soon after its beginning, and reaches the receiver at the rate of the line.
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Miscellaneous;
using Antmicro.Renode.Time;

namespace Antmicro.Renode.Peripherals.UART
{
    public class DevBusUart : IPeripheral
    {
        public DevBusUart(IMachine machine, DevBusClient client, IUART uart, int number,
            int gridMilliseconds = 100)
        {
            this.client = client;
            this.uart = uart;
            this.number = (byte)number;
            gridMicroseconds = (ulong)gridMilliseconds * 1000;
            uart.CharReceived += Send;
            machine.ObtainManagedThread(Look, TimeInterval.FromMilliseconds((ulong)LookMilliseconds),
                "device-bus UART").Start();
        }

        // A machine reset does not reach what stands beside the bus: Look() tells it from the time.
        public void Reset()
        {
            fetched = 0;
        }

        private void Look()
        {
            var grid = client.OnboardMicroseconds() / gridMicroseconds;
            if(grid < fetched)
            {
                fetched = 0;
            }
            if(grid == fetched)
            {
                return;
            }
            fetched = grid;
            Fetch();
        }

        private void Fetch()
        {
            int count;
            do
            {
                var data = new byte[DevBusClient.DataMax];
                count = client.Exchange(DevBusClient.UartRead, number, 0, Nothing, data);
                for(var i = 0; i < count; i++)
                {
                    uart.WriteChar(data[i]);
                }
            }
            while(count == DevBusClient.DataMax);
        }

        private void Send(byte value)
        {
            client.Exchange(DevBusClient.UartWrite, number, 0, new[] { value }, Nothing);
        }

        // Grid interval that was fetched last.
        private ulong fetched;
        private readonly DevBusClient client;
        private readonly IUART uart;
        private readonly byte number;
        private readonly ulong gridMicroseconds;

        private static readonly byte[] Nothing = new byte[0];
        private const int LookMilliseconds = 10;
    }
}
