package simtest

// backUp takes a backup; restore goes back to one of the last two.
func (h *fleetHub) backUp() {
	head, _ := h.store.state.Head()
	h.f.tracef("the hub is backed up at %d", head)
	if n := len(h.backups); n > 0 {
		h.verified = h.backups[n-1].head
		h.backups = h.backups[n-1:]
	}
	h.backups = append(h.backups, backup{h.store.Snapshot(), head})
}

func (h *fleetHub) restore() {
	b, ok := pick(h.f, h.backups)
	if !ok {
		return
	}
	h.f.tracef("the hub is RESTORED to %d", b.head)
	h.cutAll()
	h.queue, h.acks = nil, nil
	h.start()
	h.f.keepRecorded()
	h.f.keepHeld()
	h.f.keepNamed()
	h.store.Restore(b.Snapshot)
	h.forgetDevices(b.head)
	h.backups, h.verified = []backup{b}, 0
	h.f.office.restored()
	h.eraseAgain()
}
