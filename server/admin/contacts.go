package admin

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

const (
	contactsURL = "/contacts"
	sitesURL    = "/sites"
)

var contactForm = &Form{
	Table: "contact", URL: contactsURL, Edit: "Edit %s", Columns: []string{"name", "position", "phone", "phone2", "email", "language", "site", "note"},
	Lists: map[string]string{"position": aftersales.ListPosition},
}

var contactDetail = &Detail{
	Table: "contact", URL: contactsURL, Form: contactForm, Edit: auth.EditCustomers,
	Facts: []string{"party", "position", "phone", "phone2", "email", "language", "site", "archived_reason"}, Texts: []string{"note"},
	Sections: []sectionOf{{table: "request", via: "contact", columns: []string{"number", "state", "title"}, url: requestsURL + "/", latest: 20}},
}

// ShowContact shows somebody to talk to at a customer.
func (o *Office) ShowContact(v *Visit) error { return o.ShowDetail(v, contactDetail, nil) }

// EditContact shows the form that changes him.
func (o *Office) EditContact(v *Visit) error { return o.ShowEdit(v, contactForm) }

// SaveContact writes what was changed.
func (o *Office) SaveContact(v *Visit) error { return o.SendEdit(v, contactForm) }

var siteForm = &Form{
	Table: "site", URL: sitesURL, Edit: "Edit %s",
	Columns: []string{"name", "province", "city", "district", "address", "region", "zone", "latitude", "longitude", "access_note", "note"},
	Lists:   map[string]string{"region": aftersales.ListRegion},
}

var siteDetail = &Detail{
	Table: "site", URL: sitesURL, Form: siteForm, Edit: auth.EditCustomers,
	Facts: []string{"party", "province", "city", "district", "address", "region", "zone", "latitude", "longitude", "archived_reason"},
	Texts: []string{"access_note", "note"},
	Sections: []sectionOf{
		{table: "unit", via: "site", columns: []string{"name", "serial", "product", "status"}, latest: 20},
		{table: "job", via: "site", columns: []string{"number", "state", "title", "plan_start"}, url: jobsURL + "/", latest: 20},
	},
}

// ShowSite shows a place where machines stand.
func (o *Office) ShowSite(v *Visit) error { return o.ShowDetail(v, siteDetail, nil) }

// EditSite shows the form that changes it.
func (o *Office) EditSite(v *Visit) error { return o.ShowEdit(v, siteForm) }

// SaveSite writes what was changed.
func (o *Office) SaveSite(v *Visit) error { return o.SendEdit(v, siteForm) }
