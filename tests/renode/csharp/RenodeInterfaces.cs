// The part of Renode's interfaces that the bridge uses, so that it compiles and runs without Renode.
// Signatures after renode-infrastructure 0c7d07620; nothing here behaves but the clock.
using System;

namespace Antmicro.Migrant
{
    public class TransientAttribute : Attribute
    {
    }
}

namespace Antmicro.Renode.Peripherals
{
    public interface IPeripheral
    {
        void Reset();
    }

    public interface IBusPeripheral : IPeripheral
    {
    }

    public interface IKnownSize : IBusPeripheral
    {
        long Size { get; }
    }
}

namespace Antmicro.Renode.Peripherals.Bus
{
    public interface IDoubleWordPeripheral : IBusPeripheral
    {
        uint ReadDoubleWord(long offset);

        void WriteDoubleWord(long offset, uint value);
    }
}

namespace Antmicro.Renode.Peripherals.I2C
{
    public interface II2CPeripheral : IPeripheral
    {
        void Write(byte[] data);

        byte[] Read(int count = 1);

        void FinishTransmission();
    }
}

namespace Antmicro.Renode.Peripherals.SPI
{
    public interface ISPIPeripheral : IPeripheral
    {
        byte Transmit(byte data);

        void FinishTransmission();
    }
}

namespace Antmicro.Renode.Peripherals.UART
{
    public interface IUART : IPeripheral
    {
        event Action<byte> CharReceived;

        void WriteChar(byte value);
    }
}

namespace Antmicro.Renode.Time
{
    public struct TimeInterval
    {
        public static TimeInterval FromMilliseconds(ulong value)
        {
            return new TimeInterval { TotalMicroseconds = 1000.0 * value };
        }

        public static TimeInterval FromMilliseconds(float value)
        {
            return new TimeInterval { TotalMicroseconds = 1000.0 * value };
        }

        public double TotalMicroseconds { get; set; }
    }

    public struct TimeStamp
    {
        public TimeInterval TimeElapsed { get; set; }
    }
}

namespace Antmicro.Renode.Peripherals.CPU
{
    public interface ICPU
    {
        void SyncTime();
    }
}

namespace Antmicro.Renode.Core
{
    using Antmicro.Renode.Peripherals;
    using Antmicro.Renode.Peripherals.CPU;
    using Antmicro.Renode.Time;

    public interface IGPIOReceiver : IPeripheral
    {
        void OnGPIO(int number, bool value);
    }

    public interface IManagedThread
    {
        void Start();
    }

    public interface IBusController
    {
        bool TryGetCurrentCPU(out ICPU cpu);
    }

    public interface IMachine
    {
        IBusController SystemBus { get; }

        TimeStamp ElapsedVirtualTime { get; }

        void RequestReset();

        IManagedThread ObtainManagedThread(Action action, TimeInterval period,
            string name = "managed thread", IPeripheral owner = null, Func<bool> stopCondition = null);
    }
}

namespace Antmicro.Renode.Logging
{
    using Antmicro.Renode.Peripherals;

    public static class Logger
    {
        public static void ErrorLog(this IPeripheral e, string message, params object[] args)
        {
            Console.Error.WriteLine(message, args);
        }

        public static void WarningLog(this IPeripheral e, string message, params object[] args)
        {
            Console.Error.WriteLine(message, args);
        }
    }
}
