package web

import (
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// Which way freight goes, and of which category a part is, decides who pays: the phone says so, and prices by it.
func TestWhoPaysEachWay(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.office(func(tx client.Tx) error {
		for _, name := range []string{"each_way", "price_by_category"} {
			for _, p := range aftersales.PolicyTemplates("") {
				if p.Name != name {
					continue
				}
				if _, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: p.Kind, Branch: h.s.branch, Body: p.Body}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	h.get(h.job()+"/cover").sees("Freight: Freight back to the customer", "Freight to the workshop")
	h.get(h.job()+"/price").post(h.job()+"/charge", "service", "freight_back", "quantity", "2").done()
	h.sees("Freight back to the customer", "By the company's rules the company pays")
}
