package org.fieldsync.app;

import android.app.Application;
import android.app.job.JobInfo;
import android.app.job.JobScheduler;
import android.content.ComponentName;
import android.net.ConnectivityManager;
import android.net.LinkProperties;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.net.NetworkRequest;
import android.os.Handler;
import android.os.Looper;
import android.util.Log;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * The app as a whole: the one running program, for as long as the screen, the service or a job needs it. Everything in
 * here happens on the main thread; what takes long is done by a thread that starts and stops the program.
 */
public final class App extends Application implements Program.Ears {
    static final String TAG = "fieldsync";
    private static final long SYNC_MS = 9 * 60_000;        // a job gets ten minutes of Android
    private static final long EVERY_MS = 30 * 60_000;      // how often a job looks after what waits
    private static final long AGAIN_MS = 2_000;            // until a program that broke is started again

    /** What follows the program: it hears all that happens while it is among the users. */
    interface User {
        void onURL(String url);

        void onSynced(boolean done);

        void onPending(int pending);

        /** The program is gone and cannot be started; the text is for the person. */
        void onTrouble(int text);
    }

    private final Handler main = new Handler(Looper.getMainLooper());
    private final ExecutorService starter = Executors.newSingleThreadExecutor();
    private final Set<User> users = new LinkedHashSet<>();
    private volatile Program program;   // nil when it does not run
    private boolean starting;
    private String url;                 // of the running program; null before it is there
    private int pending;

    @Override public void onCreate() {
        super.onCreate();
        followNetwork();
        JobInfo job = new JobInfo.Builder(1, new ComponentName(this, SyncJob.class))
                .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY).setPeriodic(EVERY_MS).setPersisted(true).build();
        ((JobScheduler) getSystemService(JOB_SCHEDULER_SERVICE)).schedule(job);
    }

    /** Adds a user, starting the program for the first one. */
    void use(User user) {
        users.add(user);
        if (program == null) start();
        else if (url != null) user.onURL(url);
        user.onPending(pending);
    }

    /** Takes a user away. The program ends with the last one, so that nothing is open when Android freezes the app. */
    void leave(User user) {
        users.remove(user);
        if (users.isEmpty()) stop();
    }

    void say(String line) {
        Program running = program;
        if (running != null) running.say(line);
    }

    /** Sends and fetches once; every user hears when that is done. */
    void sync() { say("sync " + SYNC_MS); }

    int pending() { return pending; }

    private void start() {
        if (starting) return;
        starting = true;
        starter.execute(new Runnable() { @Override public void run() { launch(); } });
    }

    private void launch() {
        int trouble = 0;
        Program made = null;
        try {
            String key = "key 1 " + Keys.of(this);
            made = new Program(new File(getApplicationInfo().nativeLibraryDir, "libfieldapp.so"), directory(), environment(), this);
            program = made; // before it says anything, so that it is known
            for (String line : new String[] {"zone " + TimeZone.getDefault().getID(), "name fieldsync Android " + version(),
                    key, network(), "open"}) made.say(line);
        } catch (IOException e) {
            Log.e(TAG, "the program does not start", e);
            trouble = R.string.broken;
        } catch (GeneralSecurityException e) {
            Log.e(TAG, "the key is not to be had", e);
            trouble = R.string.locked;
        }
        final Program running = made;
        final int text = trouble;
        main.post(new Runnable() { @Override public void run() { launched(running, text); } });
    }

    private void launched(Program running, int trouble) {
        starting = false;
        if (running == null) {
            for (User user : users()) user.onTrouble(trouble);
        } else if (running.isOver()) {
            ended(running);
        } else if (running == program && users.isEmpty()) {
            stop();
        }
    }

    private void stop() {
        final Program running = program;
        program = null;
        url = null;
        if (running == null) return;
        starter.execute(new Runnable() { @Override public void run() { running.close(); } });
    }

    private File directory() { return new File(getNoBackupFilesDir(), "field"); }

    /** A Go program finds no folder for what is temporary on Android, and before Go knows of it not where 14 has its authorities. */
    private Map<String, String> environment() {
        Map<String, String> set = new HashMap<>();
        set.put("TMPDIR", getCacheDir().getPath());
        set.put("SSL_CERT_DIR", "/apex/com.android.conscrypt/cacerts:/system/etc/security/cacerts");
        return set;
    }

    private String version() {
        try {
            return getPackageManager().getPackageInfo(getPackageName(), 0).versionName;
        } catch (android.content.pm.PackageManager.NameNotFoundException impossible) {
            return "";
        }
    }

    // Android's own: what the phone is connected by, and who answers for names there.

    private void followNetwork() {
        NetworkRequest any = new NetworkRequest.Builder().addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET).build();
        connectivity().registerNetworkCallback(any, new ConnectivityManager.NetworkCallback() {
            @Override public void onAvailable(Network n) { tellNetwork(true); }

            @Override public void onLost(Network n) { tellNetwork(true); }

            @Override public void onCapabilitiesChanged(Network n, NetworkCapabilities c) { tellNetwork(false); }

            @Override public void onLinkPropertiesChanged(Network n, LinkProperties l) { tellNetwork(false); }
        });
    }

    /** Tells the program of another network, or of one that has changed. Its strength changes all the time, and is no news. */
    private synchronized void tellNetwork(boolean another) {
        String now = network();
        if (another || !now.equals(told)) say(now);
        told = now;
    }

    private String told; // of the network, last

    private ConnectivityManager connectivity() { return (ConnectivityManager) getSystemService(CONNECTIVITY_SERVICE); }

    private String network() {
        Network active = connectivity().getActiveNetwork();
        LinkProperties link = active == null ? null : connectivity().getLinkProperties(active);
        if (link == null) return "network unknown";
        StringBuilder line = new StringBuilder(connectivity().isActiveNetworkMetered() ? "network metered" : "network free");
        for (InetAddress server : link.getDnsServers()) line.append(' ').append(server.getHostAddress());
        return line.toString();
    }

    // What the program tells, brought to the main thread.

    @Override public void onURL(final Program of, final String at) {
        main.post(new Runnable() { @Override public void run() {
            if (of != program) return;
            url = at;
            for (User user : users()) user.onURL(at);
        } });
    }

    @Override public void onStatus(String json) {
        final int waiting;
        try {
            JSONObject status = new JSONObject(json);
            waiting = status.optInt("pending") + status.optInt("files");
        } catch (JSONException e) {
            Log.e(TAG, "a status that cannot be read", e);
            return;
        }
        main.post(new Runnable() { @Override public void run() {
            pending = waiting;
            for (User user : users()) user.onPending(waiting);
        } });
    }

    @Override public void onSynced(final String why) {
        if (!why.isEmpty()) Log.i(TAG, why);
        main.post(new Runnable() { @Override public void run() {
            for (User user : users()) user.onSynced(why.isEmpty());
        } });
    }

    @Override public void onFailed(final String why) {
        Log.w(TAG, why);
        if (!why.startsWith("key_")) return;
        main.post(new Runnable() { @Override public void run() {
            for (User user : users()) user.onTrouble(R.string.locked);
        } });
    }

    @Override public void onDestroy(Program of) {
        try {
            Keys.destroy(this);
            of.say("destroyed 1 " + Keys.of(this));
        } catch (IOException | GeneralSecurityException e) {
            Log.e(TAG, "the key is not destroyed; the program asks again", e);
        }
    }

    /** The app begins anew, as on the day when it was installed. */
    @Override public void onWiped(final Program of) {
        main.post(new Runnable() { @Override public void run() {
            if (of != program) return;
            stop();
            if (!users.isEmpty()) start();
        } });
    }

    @Override public void onLog(String line) { Log.i(TAG, line); }

    @Override public void onEnd(final Program which) {
        main.post(new Runnable() { @Override public void run() { ended(which); } });
    }

    /** A program that ends while somebody uses it has broken, and is started again: its replica is whole. */
    private void ended(Program which) {
        if (which != program) return;
        program = null;
        url = null;
        for (User user : users()) user.onTrouble(R.string.broken);
        main.postDelayed(new Runnable() { @Override public void run() {
            if (program == null && !users.isEmpty()) start();
        } }, AGAIN_MS);
    }

    /** A copy: who is told something may leave. */
    private Iterable<User> users() { return new ArrayList<>(users); }
}
