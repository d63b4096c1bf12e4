package org.fieldsync.app;

import android.Manifest;
import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.ClipData;
import android.content.Intent;
import android.net.Uri;
import android.provider.MediaStore;
import android.webkit.GeolocationPermissions;
import android.webkit.PermissionRequest;
import android.webkit.ValueCallback;
import android.webkit.WebChromeClient;
import android.webkit.WebView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Photos, videos and sound: what a page's file fields and its camera ask for. */
final class Pictures extends WebChromeClient {
    private static final int CHOOSE = 10;
    private static final int ALLOW = 11;

    private static final List<String> PLACE =
            Arrays.asList(Manifest.permission.ACCESS_COARSE_LOCATION, Manifest.permission.ACCESS_FINE_LOCATION);

    private final MainActivity screen;
    private ValueCallback<Uri[]> field;   // the field that waits for a file; null when none does
    private FileChooserParams wanted;
    private Uri shot;                     // where the camera's program writes
    private PermissionRequest request;    // of the page's own camera; null when none waits
    private GeolocationPermissions.Callback place; // of the page's own place; null when none waits
    private String placeFor;

    Pictures(MainActivity screen) { this.screen = screen; }

    @Override public boolean onShowFileChooser(WebView view, ValueCallback<Uri[]> callback, FileChooserParams params) {
        answer(null); // a field that was asked before gets nothing
        field = callback;
        wanted = params;
        if (!params.isCaptureEnabled() || screen.may(Manifest.permission.CAMERA)) return choose();
        screen.requestPermissions(new String[] {Manifest.permission.CAMERA}, ALLOW);
        return true;
    }

    /** The page's own camera or microphone, for scanning and voice notes: our pages only, and only what the person allows. */
    @Override public void onPermissionRequest(PermissionRequest asked) {
        if (!screen.ours(asked.getOrigin())) {
            asked.deny();
            return;
        }
        request = asked;
        String[] lacking = screen.lacking(permissions(asked));
        if (lacking.length == 0) onPermissions();
        else screen.requestPermissions(lacking, ALLOW);
    }

    /** Where the phone is, which a page asks for only while the person shares it and is at work: see client/web/position.go. */
    @Override public void onGeolocationPermissionsShowPrompt(String origin, GeolocationPermissions.Callback callback) {
        if (!screen.ours(Uri.parse(origin))) {
            callback.invoke(origin, false, false);
            return;
        }
        String[] lacking = screen.lacking(PLACE);
        if (lacking.length < PLACE.size()) { // the rough one does
            callback.invoke(origin, true, false);
            return;
        }
        place = callback;
        placeFor = origin;
        screen.requestPermissions(lacking, ALLOW);
    }

    private void answerPlace() {
        if (place == null) return;
        GeolocationPermissions.Callback waiting = place;
        place = null;
        waiting.invoke(placeFor, screen.lacking(PLACE).length < PLACE.size(), false);
    }

    @Override public void onPermissionRequestCanceled(PermissionRequest asked) { request = null; }

    /** The person has answered what was asked of him. */
    void onPermissions() {
        answerPlace();
        if (request != null) {
            if (screen.lacking(permissions(request)).length == 0) request.grant(request.getResources());
            else request.deny();
            request = null;
        }
        if (field != null && wanted != null) choose();
    }

    private static List<String> permissions(PermissionRequest asked) {
        List<String> all = new ArrayList<>();
        for (String resource : asked.getResources()) {
            if (resource.equals(PermissionRequest.RESOURCE_VIDEO_CAPTURE)) all.add(Manifest.permission.CAMERA);
            if (resource.equals(PermissionRequest.RESOURCE_AUDIO_CAPTURE)) all.add(Manifest.permission.RECORD_AUDIO);
        }
        return all;
    }

    private boolean choose() {
        FileChooserParams params = wanted;
        wanted = null;
        Intent camera = params.isCaptureEnabled() && screen.may(Manifest.permission.CAMERA) ? camera(params) : null;
        if (camera != null && open(camera)) return true;
        shot = null;
        Intent files = params.createIntent();
        if (params.getMode() == FileChooserParams.MODE_OPEN_MULTIPLE) files.putExtra(Intent.EXTRA_ALLOW_MULTIPLE, true);
        if (open(files)) return true;
        answer(null);
        return false;
    }

    private boolean open(Intent intent) {
        try {
            screen.startActivityForResult(intent, CHOOSE);
            return true;
        } catch (ActivityNotFoundException nobody) {
            return false;
        }
    }

    /** The camera's program for what the field takes; null where it takes neither photo nor video. */
    private Intent camera(FileChooserParams params) {
        String types = Arrays.toString(params.getAcceptTypes());
        boolean video = types.contains("video");
        if (!video && !types.contains("image")) return null;
        shot = Shots.fresh(video ? "mp4" : "jpg");
        Intent camera = new Intent(video ? MediaStore.ACTION_VIDEO_CAPTURE : MediaStore.ACTION_IMAGE_CAPTURE);
        camera.putExtra(MediaStore.EXTRA_OUTPUT, shot);
        camera.setClipData(ClipData.newRawUri("", shot));
        return camera.addFlags(Intent.FLAG_GRANT_WRITE_URI_PERMISSION | Intent.FLAG_GRANT_READ_URI_PERMISSION);
    }

    void onResult(int result, Intent data) {
        if (result != Activity.RESULT_OK) answer(null);
        else if (shot != null && Shots.taken(screen, shot)) answer(Collections.singletonList(shot));
        else answer(chosen(data));
    }

    private static List<Uri> chosen(Intent data) {
        List<Uri> all = new ArrayList<>();
        ClipData several = data == null ? null : data.getClipData();
        for (int i = 0; several != null && i < several.getItemCount(); i++) all.add(several.getItemAt(i).getUri());
        if (all.isEmpty() && data != null && data.getData() != null) all.add(data.getData());
        return all;
    }

    private void answer(List<Uri> files) {
        ValueCallback<Uri[]> waiting = field;
        field = null;
        shot = null;
        if (waiting != null) waiting.onReceiveValue(files == null || files.isEmpty() ? null : files.toArray(new Uri[0]));
    }
}
