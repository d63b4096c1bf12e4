package mobile

import "fieldsync/client"

// keystore is the phone's keystore as the library asks it.
type keystore struct{ Keystore }

// Newest asks for the number of the newest key.
func (k keystore) Newest() (id client.KeyID, err error) {
	defer missing(&err)
	defer guard(&err)
	number, err := k.Keystore.Newest()
	return client.KeyID(number), err
}

// Key asks for a key.
func (k keystore) Key(number client.KeyID) (key []byte, err error) {
	defer missing(&err)
	defer guard(&err)
	return k.Keystore.Key(int64(number))
}

// Destroy makes all keys unreadable.
func (k keystore) Destroy() (err error) {
	defer guard(&err)
	return k.Keystore.Destroy()
}

// missing says of whatever the program's keystore answers with that the key is not there: nothing may be thrown away.
func missing(err *error) {
	if *err != nil {
		*err = &client.Error{Code: client.KeyMissing, Message: "the phone's keystore does not yield the key", Detail: *err}
	}
}
