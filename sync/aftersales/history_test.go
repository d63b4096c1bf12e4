package aftersales

import "testing"

// A machine's history stands in the order in which things were done, whoever's phone said it last.
func TestAHistoryStandsInTheOrderOfWhatWasDone(t *testing.T) {
	w := newWorld(t)
	for _, at := range []int64{3, 1, 2} {
		w.id(AddServiceRecord(w, ServiceRecordInput{Unit: w.unit, Summary: "done", At: Moment{Corrected: w.Now() - 3600_000 + at*60_000}}))
	}
	history, err := History(w, w.unit)
	if err != nil || len(history) != 3 {
		t.Fatal(len(history), err)
	}
	for i := range 2 {
		if history[i].Corrected > history[i+1].Corrected {
			t.Errorf("%d comes before %d", history[i].Corrected, history[i+1].Corrected)
		}
	}
}
