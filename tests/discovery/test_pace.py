from eznas.discovery.pace import Pace


def test_a_round_is_over_after_its_epochs_or_when_nothing_better_is_found():
    pace = Pace()
    for best in (0.5, 0.6, 0.6):
        assert not pace.is_over(epochs=4, patience=2)
        pace = pace.after_epoch(best)
    assert (pace.epochs, pace.still, pace.best) == (3, 1, 0.6)
    assert pace.is_over(epochs=3, patience=0)
    assert not pace.is_over(epochs=4, patience=2)
    pace = pace.after_epoch(0.6)
    assert pace.is_over(epochs=9, patience=2)
    assert not pace.is_over(epochs=9, patience=0)


def test_a_new_round_has_its_own_epochs_and_knows_the_best():
    pace = Pace().after_epoch(0.7).after_epoch(0.7).next_round()
    assert pace == Pace(round=1, epochs=0, still=0, best=0.7)
