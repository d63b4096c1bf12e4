#!/bin/sh
# A package that goes takes its service along; one that is replaced does not. What the hub holds stays in any case.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl disable --now fieldsync.service fieldsync-backup.timer
fi
