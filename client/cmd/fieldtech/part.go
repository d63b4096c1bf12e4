package main

import (
	"context"
	"errors"
	"flag"
	"strconv"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/record"
)

type partMove func(client.Parts, context.Context, aftersales.MoveInput) (record.ID, error)

// moveCommand returns a command that moves a part for a job.
func moveCommand(name, cause, brief, about string, move partMove, more func(*flag.FlagSet, *aftersales.MoveInput)) *command {
	var in aftersales.MoveInput
	return &command{
		Name: name, Args: "JOB PART [QUANTITY]", Least: 2, Most: 3, Needs: writing,
		Brief: brief, Example: "fieldtech " + name + " J-d1-42 4711 2",
		About: about + "\nPART is a code or barcode, or how one begins; QUANTITY is in the part's unit, 1 where it is left out.",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Serial, "serial", "", "NUMBER its serial number, where it has one")
			f.StringVar(&in.Note, "note", "", "TEXT to go with it")
			more(f, &in)
		},
		Do: func(ctx context.Context, a *app, args []string) (err error) {
			in.Quantity.Amount = aftersales.One
			if len(args) == 3 {
				if in.Quantity.Amount, err = quantity(args[2]); err != nil {
					return err
				}
			}
			if in.Part, err = a.client.Parts().Find(ctx, args[1]); err != nil {
				return err
			}
			return a.onJob(ctx, args[0], cause, func(_ client.Jobs, id record.ID) error {
				in.Job = id
				_, err := move(a.client.Parts(), ctx, in)
				return err
			})
		},
	}
}

func partUseCommand() *command {
	return moveCommand("part use", aftersales.CausePartUse, "take a part from the van for a job",
		"A shortage is no obstacle: what was used was used, and the balance shows it.",
		client.Parts.Use, func(f *flag.FlagSet, in *aftersales.MoveInput) {
			f.BoolVar(&in.Sale, "sale", false, "sold, not used for the repair")
		})
}

func partReturnCommand() *command {
	return moveCommand("part return", aftersales.CausePartReturn, "take a part back from a job into the van",
		"One left over, or an old one that must come back: -condition defective.",
		client.Parts.Return, func(f *flag.FlagSet, in *aftersales.MoveInput) {
			f.StringVar(&in.Condition, "condition", aftersales.Good, "CONDITION good, defective or refurbished")
			f.StringVar(&in.Tag, "tag", "", "TAG on an old part")
		})
}

// quantity reads "2" or "1.5" as thousandths, without rounding. One that is too long to be read is as large as can be, for
// the command to refuse.
func quantity(s string) (int64, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > aftersales.QuantityScale {
		return 0, cli.Usage("a quantity has at most three decimals: %s", s)
	}
	digits := whole + fraction + strings.Repeat("0", aftersales.QuantityScale-len(fraction))
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || whole == "" || strings.ContainsAny(s, "+-") {
		return 0, cli.Usage("a quantity is a number like 2 or 1.5, not %q", s)
	}
	return n, nil
}

func partSearchCommand() *command {
	return &command{
		Name: "part search", Args: "[WORDS]", Most: cli.Any, Needs: reading,
		Brief:   "find parts in the catalogue",
		About:   "Every word must stand somewhere in the code, the names, the barcode or the models it fits; none lists all.",
		Example: "fieldtech part search 密封 47",
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.partSearch(ctx, strings.Join(args, " "))
		},
	}
}

func (a *app) partSearch(ctx context.Context, words string) error {
	var t table
	for part, err := range a.client.Parts().Each(ctx, words) {
		if err != nil {
			return err
		}
		err = a.answer(part, func() {
			t.add(part.Code, aftersales.Label(part.Name, userLanguage()), part.Unit, part.Barcode)
		})
		if err != nil {
			return err
		}
	}
	if !a.json && len(t.rows) == 0 {
		a.say("No such part in the catalogue here. fieldtech part search lists all.\n")
	}
	a.say("%s", &t)
	return nil
}

func partStockCommand() *command {
	return &command{
		Name: "part stock", Needs: reading,
		Brief: "show what lies in your van",
		About: "What can be used, and what is defective beside it. Less than nothing means that more was taken than was\n" +
			"known to be there.",
		Example: "fieldtech part stock",
		Do:      func(ctx context.Context, a *app, _ []string) error { return a.partStock(ctx) },
	}
}

func (a *app) partStock(ctx context.Context) error {
	stock, err := a.client.Parts().Stock(ctx)
	if err != nil {
		return err
	}
	var t table
	for _, s := range stock {
		old := ""
		if s.Defective.Amount > 0 {
			old = s.Defective.String() + " defective"
		}
		err := a.answer(s, func() {
			t.add(s.Part.Code, s.Usable().String(), aftersales.Label(s.Part.Name, userLanguage()), old)
		})
		if err != nil {
			return err
		}
	}
	if !a.json && len(stock) == 0 {
		a.say("The van is empty, as far as this computer knows.\n")
	}
	a.say("%s", &t)
	return nil
}

func partLedgerCommand() *command {
	return &command{
		Name: "part ledger", Needs: reading,
		Brief:   "show every movement into and out of your van, oldest first",
		Example: "fieldtech part ledger -json",
		Do:      func(ctx context.Context, a *app, _ []string) error { return a.partLedger(ctx) },
	}
}

func (a *app) partLedger(ctx context.Context) error {
	van, err := a.client.Parts().Van(ctx)
	if err != nil {
		return err
	}
	moves, err := a.client.Parts().LedgerAt(ctx, van.ID)
	if err != nil {
		return err
	}
	var t table
	for _, m := range moves {
		part, err := a.client.Parts().Get(ctx, m.Part)
		if err != nil {
			return err
		}
		err = a.answer(m, func() {
			way := "in"
			if m.From == van.ID {
				way = "out"
			}
			t.add(when(m.Corrected), way, m.Quantity.String(), part.Code, m.Serial, plain(m.Cause), m.Note)
		})
		if err != nil {
			return err
		}
	}
	if !a.json && len(moves) == 0 {
		a.say("Nothing has moved into or out of your van yet.\n")
	}
	a.say("%s", &t)
	return nil
}
