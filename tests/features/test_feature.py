from eznas.features.feature import append_program, as_feature
from eznas.ops.notation import parse_program
from eznas.ops.program import ProgramBuilder


def test_a_tensor_is_reduced_to_its_mean_and_a_number_stays():
    assert as_feature(parse_program("sign(wt)")) == parse_program("normalized_sum(sign(wt))")
    assert as_feature(parse_program("wt")) == parse_program("normalized_sum(wt)")
    number = parse_program("frobenius_norm(wt) * numel(wt)")
    assert as_feature(number) is number


def test_an_appended_program_shares_nodes_with_the_others():
    builder = ProgramBuilder()
    first = append_program(builder, parse_program("numel(sign(wt))"))
    second = append_program(builder, parse_program("l1_norm(sign(wt))"))
    product = builder.build(builder.apply(2, first, second))
    assert product == parse_program("numel(sign(wt)) * l1_norm(sign(wt))")
