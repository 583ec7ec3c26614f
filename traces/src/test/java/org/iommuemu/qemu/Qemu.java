// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A QEMU process without a guest: every access comes over its qtest socket. It is killed when closed, and in any case after a while. */
final class Qemu implements Side {
    private static final int SECONDS = 30;
    private static final int POLLS = 200_000;
    private static final long BAR_BYTES = 1 << 20;
    private static final int CONFIGURATION_ADDRESS = 0xCF8;
    private static final int CONFIGURATION_DATA = 0xCFC;

    private final Target target;
    private final Process process;
    private final SocketChannel channel;
    private final BufferedReader replies;
    private final Path socket;

    /** Starts QEMU; the machine is at reset, the devices' base address registers are set and they may issue DMA. */
    Qemu(Target target, Path folder) throws IOException {
        this.target = target;
        socket = folder.resolve("qtest");
        Files.deleteIfExists(socket);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            process = start(folder);
            CompletableFuture.delayedExecutor(SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
            process.onExit().thenRun(() -> closeQuietly(server));
            channel = server.accept();
        }
        replies =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.US_ASCII));
        for (int i = 0; i < SLOTS.length; i++) {
            configure(SLOTS[i] << 3, 0x10, target.bars + i * BAR_BYTES);
            configure(SLOTS[i] << 3, 4, 6);
        }
    }

    private static void closeQuietly(ServerSocketChannel server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process start(Path folder) throws IOException {
        List<String> command = new ArrayList<>(target.command);
        command.addAll(List.of("-accel", "tcg", "-icount", "shift=0,sleep=off", "-m", "256"));
        command.addAll(
                List.of("-nodefaults", "-display", "none", "-qtest-log", "/dev/null", "-qtest", "unix:" + socket));
        for (int slot : SLOTS) {
            command.addAll(List.of("-device", "edu,dma_mask=0xffffffffffffffff,addr=0x" + Integer.toHexString(slot)));
        }
        if (!target.isArm()) {
            command.addAll(List.of("-bios", haltingFirmware(folder).toString()));
        }
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu.log").toFile())
                .start();
    }

    /** At the reset vector: cli, hlt, and back to it. */
    private static Path haltingFirmware(Path folder) throws IOException {
        byte[] image = new byte[1 << 16];
        byte[] code = {(byte) 0xFA, (byte) 0xF4, (byte) 0xEB, (byte) 0xFD};
        System.arraycopy(code, 0, image, image.length - 16, code.length);
        return Files.write(folder.resolve("halt.bin"), image);
    }

    private void configure(int function, int offset, long value) {
        if (target.isArm()) {
            ask("writel", Target.ECAM + ((long) function << 12) + offset, value);
        } else {
            ask("outl", CONFIGURATION_ADDRESS, 0x8000_0000L | function << 8 | offset);
            ask("outl", CONFIGURATION_DATA, value);
        }
    }

    private String ask(String verb, long address, long argument) {
        return command(verb + " 0x" + Long.toHexString(address) + " 0x" + Long.toHexString(argument));
    }

    private String command(String line) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            String reply = replies.readLine();
            if (reply == null || !reply.startsWith("OK")) {
                throw new IOException(
                        "QEMU answers " + reply + " to " + line.substring(0, Math.min(80, line.length())));
            }
            return reply.length() > 3 ? reply.substring(3) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String suffix(int size) {
        return switch (size) {
            case 1 -> "b";
            case 2 -> "w";
            case 4 -> "l";
            default -> "q";
        };
    }

    private long read(long address, int size) {
        return Long.parseUnsignedLong(
                command("read" + suffix(size) + " 0x" + Long.toHexString(address))
                        .substring(2),
                16);
    }

    @Override
    public void store(long address, byte[] data) {
        command("write 0x" + Long.toHexString(address) + " 0x" + Integer.toHexString(data.length) + " 0x"
                + HexFormat.of().formatHex(data));
    }

    @Override
    public byte[] load(long address, int bytes) {
        return HexFormat.of().parseHex(ask("read", address, bytes).substring(2));
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        ask("write" + suffix(size), target.registers + offset, value);
    }

    @Override
    public long readRegister(long offset, int size) {
        return read(target.registers + offset, size);
    }

    @Override
    public void writeDevice(int device, long offset, int size, long value) {
        ask("write" + suffix(size), target.bars + device * BAR_BYTES + offset, value);
    }

    @Override
    public long readDevice(int device, long offset, int size) {
        return read(target.bars + device * BAR_BYTES + offset, size);
    }

    @Override
    public void settle(int device) {
        for (int i = 0; i < POLLS; i++) {
            if ((readDevice(device, 0x98, 8) & 1) == 0 && (readDevice(device, 0x20, 4) & 1) == 0) {
                return;
            }
        }
        throw new IllegalStateException("QEMU's device " + device + " does not end its DMA");
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            channel.close();
            process.waitFor(SECONDS, TimeUnit.SECONDS);
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
