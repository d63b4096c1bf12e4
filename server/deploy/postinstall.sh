#!/bin/sh
# The service's user, and units that systemd knows. Nothing is started before its settings were read by somebody; a hub
# that ran before goes on with the new program.
set -e
systemd-sysusers fieldsync.conf
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart fieldsync.service
fi
