package org.fieldsync.app;

import android.app.Notification;
import android.app.NotificationManager;
import android.app.PendingIntent;
import android.app.Service;
import android.content.Intent;
import android.os.IBinder;

/** Goes on sending after the app has left the screen, and says so; it ends when all is sent, or when there is no network. */
public final class SyncService extends Service implements App.User {
    private static final String CHANNEL = "sync";
    private static final int ID = 1;

    private boolean asked;

    @Override public int onStartCommand(Intent intent, int flags, int startID) {
        Newer.createChannel(notifications(), CHANNEL, getString(R.string.sync));
        startForeground(ID, shown(app().pending()));
        app().use(this);
        return START_NOT_STICKY;
    }

    @Override public void onDestroy() {
        app().leave(this);
        super.onDestroy();
    }

    @Override public IBinder onBind(Intent intent) { return null; }

    /** Once the program runs: it connects only while somebody looks, so that it is told to. */
    @Override public void onURL(String url) {
        if (asked) return;
        asked = true;
        app().sync();
    }

    @Override public void onPending(int pending) { notifications().notify(ID, shown(pending)); }

    /** What could not be sent waits for SyncJob. */
    @Override public void onSynced(boolean done) { stopSelf(); }

    @Override public void onTrouble(int text) { stopSelf(); }

    private Notification shown(int pending) {
        Intent open = new Intent(this, MainActivity.class);
        return Newer.notification(this, CHANNEL).setSmallIcon(R.drawable.note).setOngoing(true)
                .setContentTitle(getString(R.string.sending)).setContentText(getString(R.string.waiting, pending))
                .setContentIntent(PendingIntent.getActivity(this, 0, open, PendingIntent.FLAG_IMMUTABLE)).build();
    }

    private NotificationManager notifications() { return (NotificationManager) getSystemService(NOTIFICATION_SERVICE); }

    private App app() { return (App) getApplication(); }
}
