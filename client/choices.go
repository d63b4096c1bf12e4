package client

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"

	"fieldsync/client/replica"
	"fieldsync/sync/fault"
)

// Choices are what the person at the device decides about files himself. Until he does, Options.Files hold.
type Choices struct {
	Reduce   bool `json:"reduce"`    // photos are made smaller before they are kept
	WiFiOnly bool `json:"wifi_only"` // on a metered network only signatures go; the rest waits for another
}

// chosen keeps the choices in a file beside the replica: they outlive the program, and go with the replica when it goes.
type chosen struct {
	mu   sync.Mutex
	path string
	now  Choices
}

// recall reads what was chosen. A file that cannot be read as choices is one that somebody else has spoilt: the options hold.
func (c *chosen) recall(path string, options Choices) error {
	c.path, c.now = path, options
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(replica.Storage, "what was chosen on this device cannot be read", err)
	}
	if was := options; json.Unmarshal(b, &was) == nil {
		c.now = was
	}
	return nil
}

// Choices returns how files are treated now.
func (c *Client) Choices() Choices {
	c.chosen.mu.Lock()
	defer c.chosen.mu.Unlock()
	return c.chosen.now
}

// Choose changes how files are treated, at once and for good: also of a file that is on its way. The code is replica.DiskFull
// where it cannot be written down; then nothing has changed.
func (c *Client) Choose(now Choices) error {
	if err := c.mayCarry(); err != nil {
		return err
	}
	if err := c.account.ended(); err != nil {
		return err // a device that was wiped leaves nothing behind
	}
	c.chosen.mu.Lock()
	defer c.chosen.mu.Unlock()
	b, err := json.Marshal(now)
	if err == nil {
		err = writeWhole(c.chosen.path, b)
	}
	if err != nil {
		return fault.Wrap(replica.DiskFull, "what you chose cannot be written down; free some space and try again", err)
	}
	c.chosen.now = now
	c.haul.wakeUp()
	return nil
}
