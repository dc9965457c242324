# STM32F4DISCOVERY (STM32F407VGT6, same die). PA9 carries VBUS of the USB connector, so USART1 is
# on PB6/PB7. PB6 is also SCL of the audio codec, a high-impedance input that does no harm to a
# transmitter; PA5..PA7 are shared with the motion sensor on SPI1.
CRYSTAL_HZ = 8000000
PIN_I2C1_SCL = PB8
PIN_I2C1_SDA = PB9
PIN_I2C2_SCL = PB10
PIN_I2C2_SDA = PB11
PIN_USART1_TX = PB6
PIN_USART1_RX = PB7
# PC7 is also the master clock of the audio codec, an input there.
PIN_GNSS_TX = PC6
PIN_GNSS_RX = PC7
PIN_SPI1_CS = PC4
PIN_SPI1_SCK = PA5
PIN_SPI1_MISO = PA6
PIN_SPI1_MOSI = PA7
PIN_LED = PD12
LED_ACTIVE_LOW = 0
PIN_WATCHDOG = PA1
