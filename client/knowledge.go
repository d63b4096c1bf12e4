package client

import (
	"context"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Knowledge is typed access to what the company knows: solutions and documents.
type Knowledge struct{ c *Client }

// Knowledge returns typed access to solutions and documents.
func (c *Client) Knowledge() Knowledge { return Knowledge{c} }

// Solutions returns the solutions that fit, the best first.
func (k Knowledge) Solutions(ctx context.Context, q aftersales.SolutionQuery) ([]aftersales.Ranked, error) {
	return see(ctx, k.c, func(tx Tx) ([]aftersales.Ranked, error) { return aftersales.Solutions(tx, q) })
}

// Documents returns the documents in use for a model.
func (k Knowledge) Documents(ctx context.Context, product record.ID) ([]aftersales.Document, error) {
	return see(ctx, k.c, func(tx Tx) ([]aftersales.Document, error) { return aftersales.DocumentsOf(tx, product) })
}

// Use says whether a solution helped at a job, and returns the id of that.
func (k Knowledge) Use(ctx context.Context, in aftersales.UseSolutionInput) (record.ID, error) {
	return add(ctx, k.c, aftersales.CauseSolutionUse, aftersales.UseSolution, in)
}
