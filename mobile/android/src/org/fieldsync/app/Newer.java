package org.fieldsync.app;

import android.app.Notification;
import android.app.NotificationManager;
import android.content.Context;
import android.content.Intent;

/**
 * What Android has had since version 8, which every phone has that the app runs on, but not the library that it is compiled
 * against: the newest that can be had without Google's own tools is of version 6.
 */
final class Newer {
    private static final int IMPORTANCE_LOW = 2; // shown, without a sound

    private Newer() {}

    static void startForegroundService(Context context, Intent service) {
        call(context, Context.class, "startForegroundService", new Class<?>[] {Intent.class}, service);
    }

    static void createChannel(NotificationManager manager, String id, CharSequence name) {
        try {
            Class<?> channel = Class.forName("android.app.NotificationChannel");
            Object made = channel.getConstructor(String.class, CharSequence.class, int.class).newInstance(id, name, IMPORTANCE_LOW);
            call(manager, NotificationManager.class, "createNotificationChannel", new Class<?>[] {channel}, made);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    static Notification.Builder notification(Context context, String channel) {
        try {
            return Notification.Builder.class.getConstructor(Context.class, String.class).newInstance(context, channel);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void call(Object on, Class<?> type, String method, Class<?>[] takes, Object given) {
        try {
            type.getMethod(method, takes).invoke(on, given);
        } catch (java.lang.reflect.InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException) throw (RuntimeException) e.getCause();
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
