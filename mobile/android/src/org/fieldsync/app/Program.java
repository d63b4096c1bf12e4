package org.fieldsync.app;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The Go half of the app: a process that is spoken with a line at a time. What the lines say stands in
 * mobile/cmd/fieldapp. There is nothing of Android in here, so that it is tested on any machine.
 */
final class Program {
    /** Hears what the program tells, from a thread of its own. */
    interface Ears {
        void onURL(Program of, String url);

        void onStatus(String json);

        /** A sync is done; why is "", or says why not as "CODE: message". */
        void onSynced(String why);

        void onFailed(String why);

        /** The office wipes the phone: the keys are to be destroyed, and the program told of the new one. */
        void onDestroy(Program of);

        /** Nothing is left of what was on the phone: the program is to be started anew. */
        void onWiped(Program of);

        /** What the program says to whoever looks after it; of nobody's data. */
        void onLog(String line);

        /** The program is gone: it was closed, or it broke. */
        void onEnd(Program which);
    }

    private final Process process;
    private final OutputStream in;
    private final CountDownLatch over = new CountDownLatch(1);

    /** Starts the program. It does nothing before it is told to. */
    Program(File executable, File directory, Map<String, String> environment, Ears ears) throws IOException {
        ProcessBuilder made = new ProcessBuilder(executable.getPath(), directory.getPath());
        made.environment().putAll(environment);
        process = made.start();
        in = process.getOutputStream();
        listen("fieldsync-said", process.getInputStream(), ears, false);
        listen("fieldsync-log", process.getErrorStream(), ears, true);
    }

    /** Tells the program something. One that is gone does not hear it: onEnd tells. */
    synchronized void say(String line) {
        try {
            in.write((line.replace('\n', ' ') + "\n").getBytes("UTF-8"));
            in.flush();
        } catch (IOException gone) {
            // its end is heard by the thread that listens
        }
    }

    /** Lets the program finish what it is writing. What takes longer is cut off: that loses nothing that was answered. */
    void close() {
        try {
            in.close();
            if (!over.await(10, TimeUnit.SECONDS)) process.destroy();
        } catch (IOException gone) {
            process.destroy();
        } catch (InterruptedException hurry) {
            process.destroy();
            Thread.currentThread().interrupt();
        }
    }

    boolean isOver() { return over.getCount() == 0; }

    private void listen(String name, final InputStream from, final Ears ears, final boolean log) {
        Thread thread = new Thread(new Runnable() {
            @Override public void run() {
                try (BufferedReader lines = new BufferedReader(new InputStreamReader(from, "UTF-8"))) {
                    for (String line; (line = lines.readLine()) != null; ) {
                        if (log) ears.onLog(line);
                        else hear(line, ears);
                    }
                } catch (IOException gone) {
                    ears.onLog(gone.toString());
                }
                if (log) return;
                over.countDown();
                ears.onEnd(Program.this);
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void hear(String line, Ears ears) {
        int space = line.indexOf(' ');
        String word = space < 0 ? line : line.substring(0, space);
        String values = space < 0 ? "" : line.substring(space + 1);
        switch (word) {
            case "url": ears.onURL(this, values); break;
            case "status": ears.onStatus(values); break;
            case "synced": ears.onSynced(values); break;
            case "failed": ears.onFailed(values); break;
            case "destroy": ears.onDestroy(this); break;
            case "wiped": ears.onWiped(this); break;
            default: ears.onLog(line);
        }
    }
}
