package org.fieldsync.app;

import java.io.File;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Runs the Android app's Java half of the conversation against the program, as the app does, on a desktop JVM.
 * Arguments: the program, an empty folder. The last line is "N passed, N failed".
 */
public final class ProgramTest implements Program.Ears {
    private static int passed;
    private static int failed;
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    private static void check(String what, boolean fine, Object got) {
        if (fine) passed++;
        else failed++;
        System.out.println((fine ? "ok    " : "FAIL  ") + what + (fine ? "" : ", got: " + got));
    }

    @Override public void onURL(Program of, String url) { heard.add("url " + url); }

    @Override public void onStatus(String json) { heard.add("status " + json); }

    @Override public void onSynced(String why) { heard.add("synced " + why); }

    @Override public void onFailed(String why) { heard.add("failed " + why); }

    @Override public void onDestroy(Program of) { heard.add("destroy"); }

    @Override public void onWiped(Program of) { heard.add("wiped"); }

    @Override public void onLog(String line) { heard.add("log " + line); }

    @Override public void onEnd(Program which) { heard.add("end " + which.isOver()); }

    /** Waits for a line that begins so; "" when it did not come. */
    private String hear(String beginning) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(180); System.nanoTime() < end; ) {
            String line = heard.poll(1, TimeUnit.SECONDS);
            if (line != null && line.startsWith(beginning)) return line;
        }
        return "";
    }

    private static int page(HttpClient browser, String url) throws Exception {
        return browser.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    public static void main(String[] args) throws Exception {
        File executable = new File(args[0]), folder = new File(args[1]);
        ProgramTest ears = new ProgramTest();
        Program program = new Program(executable, folder, Map.of("TMPDIR", folder.getParent()), ears);
        program.say("key 1 " + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        program.say("zone Asia/Taipei");
        program.say("open");
        String url = ears.hear("url ").replace("url ", "");
        check("the program serves the app", url.startsWith("http://127.0.0.1:"), url);
        String status = ears.hear("status ");
        check("it tells how it stands", status.contains("\"enrolled\":false"), status);

        HttpClient browser = HttpClient.newBuilder().cookieHandler(new CookieManager())
                .followRedirects(HttpClient.Redirect.NORMAL).build();
        URI at = URI.create(url);
        check("nobody gets in without the address", page(browser, "http://" + at.getAuthority() + "/") == 403, "");
        check("its address opens the app", page(browser, url) == 200, "");
        check("the first page is there", page(browser, "http://" + at.getAuthority() + "/") == 200, "");

        program.say("network metered 192.0.2.1 fe80::1%wlan0");
        program.say("sync 20000");
        String synced = ears.hear("synced ");
        check("a sync without an enrolment says why not", synced.startsWith("synced not_allowed: "), synced);
        program.say("a line that\nis none");
        check("what is not understood is said", ears.hear("failed ").contains("invalid_value"), "");

        program.close();
        check("it ends when it is let go", ears.hear("end ").equals("end true"), "");
        program.say("front"); // nobody hears it, and nothing breaks

        program = new Program(executable, folder, Map.of("TMPDIR", folder.getParent()), ears);
        program.say("key 1 " + "ICECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        program.say("open");
        String refused = ears.hear("failed ");
        check("another key opens nothing", refused.startsWith("failed key_"), refused);
        program.close();
        check("and it ends too", ears.hear("end ").equals("end true"), "");
        System.out.printf("%d passed, %d failed%n", passed, failed);
    }
}
