// Package simtest proves the engine. It holds, in the order in which one needs them: a small schema that uses every
// kind, policy, bucket shape and grant (Schema); stores that live in memory and can crash, be restored and be cloned
// (MemHub, MemDevice); the conformance suites that every store runs (TestHubStore, TestDeviceStore); a naive oracle of
// the merge that remembers everything (History); and the seeded simulation of whole fleets.
//
// Everything in it is deterministic: nothing depends on the order of a Go map, on the clock, or on a goroutine.
package simtest
