package android.content;

/** Stands in for Android's, which go.Seq names and a desktop JVM does not have. */
public abstract class Context {}
