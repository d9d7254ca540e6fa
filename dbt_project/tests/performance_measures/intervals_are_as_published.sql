-- The interval macros agree with their sources. Wilson: the worked examples of Newcombe (1998), table I, to the four decimals
-- printed there. Byar: the exact Poisson limits (half the 2.5% and 97.5% points of chi-squared with 2y and 2y + 2 degrees of
-- freedom), which it approximates within 1%. What cannot be has no interval.
with
examples as (
    {%- for kind, events, whole, low, high in [
        ('share', 81, 263, 0.2553, 0.3662), ('share', 15, 148, 0.0624, 0.1605), ('share', 0, 20, 0.0, 0.1611),
        ('share', 1, 29, 0.0061, 0.1718), ('share', 29, 29, 0.8830, 1.0), ('share', 5, 0, none, none),
        ('share', 6, 5, none, none), ('share', none, 5, none, none), ('count', 0, none, 0.0, 3.6889),
        ('count', 5, none, 1.6235, 11.6683), ('count', 10, none, 4.7954, 18.3904), ('count', 100, none, 81.3640, 121.6268),
        ('count', none, none, none, none), ('count', -1, none, none, none),
    ] %}
        select
            '{{ kind }}' as kind,
            cast({{ events if events is not none else 'null' }} as bigint) as events,
            cast({{ whole if whole is not none else 'null' }} as bigint) as whole,
            cast({{ low if low is not none else 'null' }} as double) as low,
            cast({{ high if high is not none else 'null' }} as double) as high
        {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

worked_out as (
    select
        *,
        case kind
            when 'share' then {{ wilson_limit('low', 'events', 'whole') }} else {{ byar_limit('low', 'events') }}
        end as found_low,
        case kind
            when 'share' then {{ wilson_limit('high', 'events', 'whole') }} else {{ byar_limit('high', 'events') }}
        end as found_high
    from examples
)

select *
from worked_out
where
    (low is null) <> (found_low is null)
    or (high is null) <> (found_high is null)
    or (kind = 'share' and (abs(found_low - low) > 0.00005 or abs(found_high - high) > 0.00005))
    or (kind = 'count' and (abs(found_low - low) > 0.01 * low or abs(found_high - high) > 0.01 * high))
