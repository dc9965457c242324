/* The boot block, linked on its own, as part of every image's ELF file. */
    .section .boot_image, "a", %progbits
    .incbin BOOT_BIN
