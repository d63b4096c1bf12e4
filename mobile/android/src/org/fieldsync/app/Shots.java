package org.fieldsync.app;

import android.content.ContentProvider;
import android.content.ContentValues;
import android.content.Context;
import android.database.Cursor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import java.io.File;
import java.io.FileNotFoundException;
import java.util.UUID;

/** Where the camera's program puts what it took for us: it is given the right to one file, and to nothing else. */
public final class Shots extends ContentProvider {
    private static final String AUTHORITY = "org.fieldsync.app.shots";

    /** Returns the address of a new file; suffix is "jpg" or "mp4". */
    static Uri fresh(String suffix) {
        return new Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(UUID.randomUUID() + "." + suffix).build();
    }

    /** Reports whether the camera has written something there. */
    static boolean taken(Context context, Uri shot) { return file(context, shot).length() > 0; }

    /** Throws away what earlier launches left: the replica has its own. */
    static void tidy(Context context) {
        File[] left = folder(context).listFiles();
        if (left != null) for (File file : left) file.delete();
    }

    private static File folder(Context context) {
        File folder = new File(context.getCacheDir(), "shots");
        folder.mkdirs();
        return folder;
    }

    private static File file(Context context, Uri shot) {
        return new File(folder(context), new File(shot.getLastPathSegment()).getName());
    }

    @Override public boolean onCreate() { return true; }

    @Override public ParcelFileDescriptor openFile(Uri shot, String mode) throws FileNotFoundException {
        return ParcelFileDescriptor.open(file(getContext(), shot), ParcelFileDescriptor.parseMode(mode));
    }

    @Override public String getType(Uri shot) { return shot.getLastPathSegment().endsWith(".mp4") ? "video/mp4" : "image/jpeg"; }

    @Override public Cursor query(Uri shot, String[] columns, String where, String[] values, String order) { return null; }

    @Override public Uri insert(Uri shot, ContentValues values) { throw new UnsupportedOperationException(); }

    @Override public int delete(Uri shot, String where, String[] values) { throw new UnsupportedOperationException(); }

    @Override public int update(Uri shot, ContentValues values, String where, String[] with) {
        throw new UnsupportedOperationException();
    }
}
