package org.fieldsync.app;

import android.Manifest;
import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.net.Uri;
import android.os.Bundle;
import android.print.PrintAttributes;
import android.print.PrintManager;
import android.util.Log;
import android.webkit.CookieManager;
import android.webkit.DownloadListener;
import android.webkit.JavascriptInterface;
import android.webkit.WebSettings;
import android.webkit.WebView;
import android.webkit.WebViewClient;
import android.widget.Toast;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;

/** The screen: a WebView with the pages that the program serves, and what a WebView leaves to the app around it. */
public final class MainActivity extends Activity implements App.User {
    private static final int SAVE = 1;
    private static final int NOTIFY = 2;

    private WebView web;
    private Pictures pictures;
    private String home;      // the pages' address, "http://127.0.0.1:4711"; null before there is one
    private String saving;    // what is being downloaded

    @Override protected void onCreate(Bundle state) {
        super.onCreate(state);
        if (state == null) Shots.tidy(this);
        web = new WebView(this);
        WebSettings settings = web.getSettings();
        settings.setJavaScriptEnabled(true);
        settings.setDomStorageEnabled(true);
        settings.setAllowFileAccess(false);
        settings.setAllowContentAccess(false);
        settings.setMediaPlaybackRequiresUserGesture(false);
        pictures = new Pictures(this);
        web.setWebChromeClient(pictures);
        web.setWebViewClient(new Links());
        web.setDownloadListener(new Downloads());
        web.addJavascriptInterface(new Shell(), "fieldsyncShell");
        setContentView(web);
        requestPermissions(new String[] {"android.permission.POST_NOTIFICATIONS"}, NOTIFY);
    }

    @Override protected void onStart() {
        super.onStart();
        app().use(this);
        app().say("front");
    }

    /** Leaves the screen. What waits is sent by the service, since Android soon stops what nobody sees. */
    @Override protected void onStop() {
        app().say("back");
        if (app().pending() > 0) serve();
        app().leave(this);
        super.onStop();
    }

    private void serve() {
        try {
            Newer.startForegroundService(this, new Intent(this, SyncService.class));
        } catch (IllegalStateException later) {
            Log.i(App.TAG, "not now; the job sends it", later);
        }
    }

    @Override public void onBackPressed() {
        if (web.canGoBack()) web.goBack();
        else super.onBackPressed();
    }

    /** Shows the page that was open, where the program was started anew: its address has changed, and nothing else. */
    @Override public void onURL(String url) {
        String was = web.getUrl();
        Uri at = Uri.parse(url);
        boolean same = home != null && home.equals(at.getScheme() + "://" + at.getAuthority());
        home = at.getScheme() + "://" + at.getAuthority();
        app().say("front");
        if (!same || was == null) web.loadUrl(url);
    }

    @Override public void onSynced(boolean done) {}

    @Override public void onPending(int pending) {}

    @Override public void onTrouble(int text) { Toast.makeText(this, text, Toast.LENGTH_LONG).show(); }

    /** Reports whether the address is one of our pages. */
    boolean ours(Uri address) {
        return home != null && home.equals(address.getScheme() + "://" + address.getAuthority());
    }

    @Override public void onRequestPermissionsResult(int request, String[] asked, int[] answers) {
        if (request != NOTIFY) pictures.onPermissions();
    }

    @Override protected void onActivityResult(int request, int result, Intent data) {
        if (request == SAVE) save(result == RESULT_OK && data != null ? data.getData() : null);
        else pictures.onResult(result, data);
    }

    boolean may(String permission) { return checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED; }

    /** Returns those of the permissions that the person has not given yet. */
    String[] lacking(List<String> permissions) {
        List<String> lacking = new ArrayList<>();
        for (String p : permissions) if (!may(p)) lacking.add(p);
        return lacking.toArray(new String[0]);
    }

    private App app() { return (App) getApplication(); }

    /** Keeps our pages in the WebView, and gives telephone numbers, places and whatever else to the phone's own programs. */
    private final class Links extends WebViewClient {
        @SuppressWarnings("deprecation") // what came instead calls this one
        @Override public boolean shouldOverrideUrlLoading(WebView view, String address) {
            if (ours(Uri.parse(address))) return false;
            try {
                startActivity(new Intent(Intent.ACTION_VIEW, Uri.parse(address)));
            } catch (ActivityNotFoundException nobody) {
                Log.i(App.TAG, "no program opens " + Uri.parse(address).getScheme());
            }
            return true;
        }
    }

    /** What the pages ask the app for, where a browser would have it: see client/web/static/app.js. */
    private final class Shell {
        @JavascriptInterface public void print(final String title) {
            runOnUiThread(new Runnable() { @Override public void run() {
                ((PrintManager) getSystemService(PRINT_SERVICE))
                        .print(title, web.createPrintDocumentAdapter(title), new PrintAttributes.Builder().build());
            } });
        }

        @JavascriptInterface public void share(String title, String text) {
            Intent send = new Intent(Intent.ACTION_SEND).setType("text/plain")
                    .putExtra(Intent.EXTRA_SUBJECT, title).putExtra(Intent.EXTRA_TEXT, text);
            startActivity(Intent.createChooser(send, title));
        }
    }

    /** Files that a page offers are put where the person says: the work of a phone without any network, for the office. */
    private final class Downloads implements DownloadListener {
        @Override public void onDownloadStart(String address, String agent, String disposition, String type, long size) {
            if (!ours(Uri.parse(address))) return;
            saving = address;
            Intent create = new Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType(type)
                    .putExtra(Intent.EXTRA_TITLE, android.webkit.URLUtil.guessFileName(address, disposition, type));
            startActivityForResult(create, SAVE);
        }
    }

    private void save(final Uri to) {
        final String from = saving;
        saving = null;
        if (to == null || from == null) return;
        final String cookie = CookieManager.getInstance().getCookie(from);
        new Thread(new Runnable() { @Override public void run() {
            try {
                copy(from, cookie, to);
            } catch (IOException e) {
                Log.e(App.TAG, "not saved", e);
                runOnUiThread(new Runnable() { @Override public void run() { onTrouble(R.string.unsaved); } });
            }
        } }, "fieldsync-save").start();
    }

    private void copy(String from, String cookie, Uri to) throws IOException {
        HttpURLConnection page = (HttpURLConnection) new URL(from).openConnection();
        page.setRequestProperty("Cookie", cookie);
        if (page.getResponseCode() != 200) throw new IOException("the page answers " + page.getResponseCode());
        try (InputStream in = page.getInputStream(); OutputStream out = getContentResolver().openOutputStream(to, "wt")) {
            byte[] part = new byte[64 << 10];
            for (int n; (n = in.read(part)) > 0; ) out.write(part, 0, n);
        } finally {
            page.disconnect();
        }
    }
}
