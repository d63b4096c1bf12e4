package store

import "context"

// keepRoom gives the log of commits room whenever it has become short, until the store closes. Where that fails, the log
// grows without it, and whoever writes hears of a disk that is full.
func (s *Store) keepRoom() {
	for pause(s, s.short) {
		if more, err := s.lengthen(); more && err == nil {
			signal(s.short)
		}
	}
}

// lengthen gives the log a step more room, within a transaction, so that nobody else makes it longer meanwhile.
func (s *Store) lengthen() (more bool, err error) {
	log := s.engine.log()
	if log == nil {
		return false, nil
	}
	err = s.Write(context.Background(), func(*Tx) error {
		more, err = log.Lengthen()
		return err
	})
	if err == nil {
		err = log.Sync()
	}
	return more, err
}

// keepShort empties the log of commits whenever it has become long, until the store closes. Where that fails, the log gets
// longer, until a commit empties it and says what is wrong.
func (s *Store) keepShort() {
	for pause(s, s.full) {
		if err := s.emptyLog(); err != nil {
			s.options.Log.Warn("the log of commits could not be emptied beside them", "error", err)
		}
	}
}

func (s *Store) emptyLog() error {
	s.emptying.Lock()
	defer s.emptying.Unlock()
	return s.engine.empty()
}
