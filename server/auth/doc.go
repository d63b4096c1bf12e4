// Package auth knows who somebody is and what he may do: people with passwords and roles, their sessions in the
// office, their devices with keys and short tokens, and the codes by which a device is enrolled.
//
// Everything secret rests as a hash. Time and randomness are arguments, so that expiry and throttling are tested
// without waiting. What is stored is reached through small interfaces, PeopleStore and DeviceStore.
package auth

import (
	"fieldsync/sync/fault"
)

// The codes of this package.
const (
	Throttled    fault.Code = "try_again_later"    // too many failed attempts from this address
	LoginTaken   fault.Code = "login_taken"        // another person signs in with that name
	WeakPassword fault.Code = "weak_password"      // too short, too long or equal to the login
	UnknownRole  fault.Code = "unknown_role"       // no role of that name
	RoleTaken    fault.Code = "role_taken"         // another role has that name
	RoleInUse    fault.Code = "role_in_use"        // somebody has the role
	BeyondOwn    fault.Code = "beyond_own_rights"  // gives or takes what one may not do oneself
	LastAdmin    fault.Code = "last_administrator" // would leave nobody who can manage people
	BadCode      fault.Code = "bad_code"           // an enrolment code that is wrong, used or expired
	BadKey       fault.Code = "bad_key"            // not an Ed25519 public key
	UnknownOne   fault.Code = "unknown_person"     // no person or device of that id
)
