package org.fieldsync.app;

import android.app.job.JobParameters;
import android.app.job.JobService;

/** Sends and fetches now and then while nobody looks, when Android finds that there is a network and power enough. */
public final class SyncJob extends JobService implements App.User {
    private JobParameters job; // nil when none runs
    private boolean asked;

    @Override public boolean onStartJob(JobParameters params) {
        job = params;
        asked = false;
        app().use(this);
        return true;
    }

    @Override public boolean onStopJob(JobParameters params) {
        job = null;
        app().leave(this);
        return true; // again, when there is time
    }

    @Override public void onURL(String url) {
        if (asked) return;
        asked = true;
        app().sync();
    }

    @Override public void onPending(int pending) {}

    @Override public void onSynced(boolean done) { finish(!done); }

    @Override public void onTrouble(int text) { finish(true); }

    private void finish(boolean again) {
        if (job == null) return;
        JobParameters done = job;
        job = null;
        app().leave(this);
        jobFinished(done, again);
    }

    private App app() { return (App) getApplication(); }
}
