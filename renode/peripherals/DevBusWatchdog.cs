// External watchdog of the simulated spacecraft: a rising edge on its input is a kick.
using Antmicro.Renode.Core;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    public class DevBusWatchdog : IGPIOReceiver
    {
        public DevBusWatchdog(DevBusClient client, int tickPeriodMilliseconds = 100)
        {
            this.client = client;
            tickPeriodMicroseconds = (ulong)tickPeriodMilliseconds * 1000;
        }

        public void Reset()
        {
            level = false;
        }

        public void OnGPIO(int number, bool value)
        {
            var rising = value && !level;
            level = value;
            if(number != 0 || !rising)
            {
                return;
            }
            // A pulse carries no number: the control tick is told from the time.
            var tick = (uint)(client.OnboardMicroseconds() / tickPeriodMicroseconds);
            var data = new[]
            {
                (byte)tick,
                (byte)(tick >> 8),
                (byte)(tick >> 16),
                (byte)(tick >> 24),
            };
            client.Exchange(DevBusClient.WatchdogKick, 0, 0, data, new byte[0]);
        }

        private bool level;
        private readonly DevBusClient client;
        private readonly ulong tickPeriodMicroseconds;
    }
}
