package org.fieldsync.app;

import android.content.Context;
import android.security.keystore.KeyGenParameterSpec;
import android.security.keystore.KeyProperties;
import android.util.Base64;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * The key of what is sealed on this phone: random, and kept in a file that only a key in Android's keystore opens, which
 * does not leave the phone's hardware where that has a place for it. It is made once, before there is a replica.
 */
final class Keys {
    private static final String ALIAS = "fieldsync";
    private static final int SIZE = 32;
    private static final int IV = 12;
    private static final int TAG_BITS = 128;

    private Keys() {}

    /** Returns the key in base64. One that cannot be opened any more is never replaced: what it sealed would be lost. */
    static synchronized String of(Context context) throws IOException, GeneralSecurityException {
        File kept = new File(context.getNoBackupFilesDir(), "key");
        byte[] key = kept.exists() ? opened(read(kept)) : made(kept);
        return Base64.encodeToString(key, Base64.NO_WRAP);
    }

    /** Destroys the key: what it has sealed is unreadable for ever, wherever a copy of it lies. */
    static synchronized void destroy(Context context) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("AndroidKeyStore");
        store.load(null);
        store.deleteEntry(ALIAS);
        File kept = new File(context.getNoBackupFilesDir(), "key");
        if (kept.exists() && !kept.delete()) throw new IOException("the kept key cannot be removed");
    }

    private static byte[] made(File kept) throws IOException, GeneralSecurityException {
        byte[] key = new byte[SIZE];
        new SecureRandom().nextBytes(key);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, wrapping(true));
        byte[] sealed = cipher.doFinal(key);
        write(kept, cipher.getIV(), sealed);
        return key;
    }

    private static byte[] opened(byte[] kept) throws IOException, GeneralSecurityException {
        if (kept.length <= IV) throw new GeneralSecurityException("the kept key is cut off");
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, wrapping(false), new GCMParameterSpec(TAG_BITS, kept, 0, IV));
        return cipher.doFinal(kept, IV, kept.length - IV);
    }

    private static SecretKey wrapping(boolean make) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("AndroidKeyStore");
        store.load(null);
        SecretKey there = (SecretKey) store.getKey(ALIAS, null);
        if (there != null) return there;
        if (!make) throw new GeneralSecurityException("the keystore has no key of ours");
        KeyGenerator maker = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, "AndroidKeyStore");
        maker.init(new KeyGenParameterSpec.Builder(ALIAS, KeyProperties.PURPOSE_ENCRYPT | KeyProperties.PURPOSE_DECRYPT)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM).setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .setKeySize(256).build());
        return maker.generateKey();
    }

    private static byte[] read(File from) throws IOException {
        byte[] all = new byte[(int) from.length()];
        int at = 0;
        try (FileInputStream in = new FileInputStream(from)) {
            for (int n; at < all.length && (n = in.read(all, at, all.length - at)) > 0; ) at += n;
        }
        return Arrays.copyOf(all, at);
    }

    /** Writes a file that is there whole or not at all, on the disk before the key seals anything. */
    private static void write(File to, byte[]... parts) throws IOException {
        File part = new File(to.getPath() + ".part");
        try (FileOutputStream out = new FileOutputStream(part)) {
            for (byte[] bytes : parts) out.write(bytes);
            out.getFD().sync();
        }
        if (!part.renameTo(to)) throw new IOException("the key cannot be kept");
    }
}
