package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// CountInput is what somebody counted.
type CountInput struct {
	Location record.ID
	Part     record.ID
	Counted  int64  // thousandths of the part's unit
	Expected *int64 // what should lie there, as whoever counted was told; nil: he was told nothing
	Note     string
}

// CountStock books the difference between what was counted and what should lie there; it returns the difference. Where
// something moved since the counter was told what to expect, nobody knows on which side of his count, and it is to be counted
// again. Codes: those of IssuePart, NotSeen.
func CountStock(tx Tx, in CountInput) (int64, error) {
	if in.Counted < 0 {
		return 0, fault.New(BadQuantity, "nobody counts less than nothing")
	}
	part, err := lyingPart(tx, in.Part)
	if err != nil {
		return 0, err
	}
	balance, err := Balance(tx, in.Location, part.ID)
	if err != nil {
		return 0, err
	}
	if in.Expected != nil && *in.Expected != balance {
		return 0, fault.Newf(NotSeen, "%s: of it %s lay here when you began to count, and now %s. Look once more.", part.Code,
			Quantity{*in.Expected, part.Unit}, Quantity{balance, part.Unit})
	}
	difference := in.Counted - balance
	if difference == 0 {
		return 0, needLocation(tx, in.Location)
	}
	move := MoveInput{
		Part: part.ID, Quantity: Quantity{Amount: max(difference, -difference)}, Note: in.Note,
		From: VirtualLocation(LocationAdjustment), To: in.Location,
	}
	if difference < 0 {
		move.From, move.To = move.To, move.From
	}
	_, err = put(tx, move, part, MoveCount)
	return difference, err
}
