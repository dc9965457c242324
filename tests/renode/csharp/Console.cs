// Drives the bridge from standard input, one command per line, one answer per line:
//   time US               virtual time of the machine          -> ok
//   write BUS ADDRESS HEX all bytes of one written piece       -> ok
//   read BUS ADDRESS      one byte, as the master asks         -> two hex digits
//   stop BUS ADDRESS      STOP                                 -> ok
//   status BUS            the reserved address                 -> two hex digits
//   gpio 0|1              level of the kick line               -> ok
//   select 0|1            level of the chip select             -> ok
//   spi HEX               bytes out, as the master sends them  -> hex, bytes in
//   look                  the periodic work of the UART bridge -> ok
//   send HEX              bytes out of the UART                -> ok
//   received              bytes into it since the last time    -> hex, or -
//   reset                 machine reset                        -> ok
//   resets                reset requests of the bridge so far  -> number
//   window OFFSET         register window of the client        -> number
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.I2C;
using Antmicro.Renode.Peripherals.Miscellaneous;
using Antmicro.Renode.Peripherals.SPI;
using Antmicro.Renode.Peripherals.UART;
using Antmicro.Renode.Time;

namespace Microflight.Tests
{
    public class Machine : IMachine, IBusController, ICPU, IManagedThread
    {
        public IManagedThread ObtainManagedThread(Action action, TimeInterval period,
            string name = "managed thread", IPeripheral owner = null, Func<bool> stopCondition = null)
        {
            Work = action;
            return this;
        }

        public void Start()
        {
            Running = true;
        }

        public Action Work { get; private set; }

        public bool Running { get; private set; }

        public bool TryGetCurrentCPU(out ICPU cpu)
        {
            cpu = this;
            return true;
        }

        // Like Renode: what has been executed counts only once it was reported.
        public void SyncTime()
        {
            reported = Executed;
        }

        public void RequestReset()
        {
            Resets++;
        }

        public IBusController SystemBus => this;

        public TimeStamp ElapsedVirtualTime =>
            new TimeStamp { TimeElapsed = new TimeInterval { TotalMicroseconds = reported } };

        public double Executed { get; set; }

        public int Resets { get; private set; }

        private double reported;
    }

    public class Uart : IUART
    {
        public void Reset()
        {
        }

        public void WriteChar(byte value)
        {
            Received.Append(value.ToString("x2"));
        }

        public void Send(byte value)
        {
            CharReceived(value);
        }

        public event Action<byte> CharReceived;

        public StringBuilder Received { get; } = new StringBuilder();
    }

    public static class Program
    {
        public static void Main(string[] arguments)
        {
            machine = new Machine();
            client = new DevBusClient(machine, int.Parse(arguments[0]));
            watchdog = new DevBusWatchdog(client);
            uart = new Uart();
            flash = new DevBusSpi(client, 3, 0x24);
            new DevBusUart(machine, client, uart, 1);
            string line;
            while((line = Console.ReadLine()) != null)
            {
                Console.WriteLine(Answer(line.Split(' ')));
                Console.Out.Flush();
            }
        }

        private static string Answer(string[] words)
        {
            switch(words[0])
            {
            case "time":
                machine.Executed = double.Parse(words[1], CultureInfo.InvariantCulture);
                return "ok";
            case "write":
                Slave(words).Write(Bytes(words[3]));
                return "ok";
            case "read":
                return Slave(words).Read(1)[0].ToString("x2");
            case "stop":
                Slave(words).FinishTransmission();
                return "ok";
            case "status":
                return new DevBusI2CStatus(client, int.Parse(words[1])).Read()[0].ToString("x2");
            case "gpio":
                watchdog.OnGPIO(0, words[1] == "1");
                return "ok";
            case "select":
                flash.OnGPIO(0, words[1] == "1");
                return "ok";
            case "spi":
                var answers = new StringBuilder();
                foreach(var value in Bytes(words[1]))
                {
                    answers.Append(flash.Transmit(value).ToString("x2"));
                }
                flash.FinishTransmission();
                return answers.ToString();
            case "look":
                if(machine.Running)
                {
                    machine.Work();
                }
                return "ok";
            case "send":
                foreach(var value in Bytes(words[1]))
                {
                    uart.Send(value);
                }
                return "ok";
            case "received":
                var received = uart.Received.ToString();
                uart.Received.Clear();
                return received == "" ? "-" : received;
            case "reset":
                client.Reset();
                watchdog.Reset();
                flash.Reset();
                foreach(var slave in slaves.Values)
                {
                    slave.Reset();
                }
                return "ok";
            case "resets":
                return machine.Resets.ToString();
            case "window":
                return client.ReadDoubleWord(int.Parse(words[1])).ToString();
            default:
                return "unknown command";
            }
        }

        private static DevBusI2C Slave(string[] words)
        {
            var key = words[1] + " " + words[2];
            if(!slaves.ContainsKey(key))
            {
                slaves[key] = new DevBusI2C(client, int.Parse(words[1]), int.Parse(words[2]));
            }
            return slaves[key];
        }

        private static byte[] Bytes(string hex)
        {
            var bytes = new byte[hex.Length / 2];
            for(var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = byte.Parse(hex.Substring(2 * i, 2), NumberStyles.HexNumber);
            }
            return bytes;
        }

        private static Machine machine;
        private static DevBusClient client;
        private static DevBusWatchdog watchdog;
        private static DevBusSpi flash;
        private static Uart uart;
        private static readonly Dictionary<string, DevBusI2C> slaves = new Dictionary<string, DevBusI2C>();
    }
}
