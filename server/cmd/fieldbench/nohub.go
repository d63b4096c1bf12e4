//go:build device

package main

// hubRoles are none: this is the program of a device.
var hubRoles map[string]opener
