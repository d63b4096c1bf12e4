package admin
func (o *Office) showToday(v *Visit) error { return o.ListJobs(v) }
