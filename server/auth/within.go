package auth

import (
	"context"

	"fieldsync/sync/record"
)

type withinKey struct{}

// Within returns the context of a request that may only see, and only write, rows of those branches. What reads and
// writes in its name asks the context (BranchesOf), so that no page can forget to.
func Within(ctx context.Context, in Branches) context.Context {
	return context.WithValue(ctx, withinKey{}, in)
}

// BranchesOf returns the branches that the request is bound to: all of them for what nobody asked for, the hub's own
// work.
func BranchesOf(ctx context.Context) Branches {
	if in, ok := ctx.Value(withinKey{}).(Branches); ok {
		return in
	}
	return Branches{All: true}
}

type byKey struct{}

// By returns the context of a request of that person's. What is done in it is entered into the audit in his name.
func By(ctx context.Context, person record.ID) context.Context {
	return context.WithValue(ctx, byKey{}, person)
}

// ByOf returns whose request it is; zero for the hub's own work.
func ByOf(ctx context.Context) record.ID {
	person, _ := ctx.Value(byKey{}).(record.ID)
	return person
}
