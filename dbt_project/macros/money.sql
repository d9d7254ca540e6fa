{#
    The arithmetic of money, once. Every macro takes SQL expressions and returns one. NULL in, NULL out: a missing amount
    is never zero. Inputs are figures as they were published.
#}

{#- Money of one year in the prices of another: amount × deflator of the base year / deflator of its own year.
    NULL where the deflator is not above zero. Source: HM Treasury, “GDP deflators: user's guide”, how to use the series. -#}
{% macro real_terms(amount, deflator, base_deflator) -%}
    case when {{ deflator }} > 0
        then cast({{ amount }} as double) * {{ base_deflator }} / {{ deflator }} end
{%- endmacro %}

{#- An index of change, 100 in the base year: 100 × now / base. NULL where the base is zero. -#}
{% macro index_of_change(now, base) -%}
    case when {{ base }} <> 0
        then 100.0 * cast({{ now }} as double) / cast({{ base }} as double) end
{%- endmacro %}

{#- The mean of two stocks, at the start of a year and at its end: what the year was spent on when nobody counted those
    in between. NULL if either is missing. -#}
{% macro mean_of_two_stocks(opening, closing) -%}
    (cast({{ opening }} as double) + cast({{ closing }} as double)) / 2.0
{%- endmacro %}

{#- A part as a percentage of its whole. NULL where the whole is not above zero. -#}
{% macro part_of_whole_pct(part, whole) -%}
    case when {{ whole }} > 0
        then 100.0 * cast({{ part }} as double) / cast({{ whole }} as double) end
{%- endmacro %}

{#- How much of the growth of a product one of its factors makes up, in per cent: 100 × ln(factor now / factor before)
    / ln(product now / product before). Spending is children × spending per child, so ln(spending ratio) = ln(children
    ratio) + ln(unit cost ratio), and the two shares are 100 together, with nothing left over. Where one grew and the
    other shrank, a share is above 100 or below 0. NULL where the product did not change, or where any of the four is
    not above zero. Source: the logarithmic mean Divisia method with two factors (B. W. Ang, “The LMDI approach to
    decomposition analysis: a practical guide”, Energy Policy 33, 2005). -#}
{% macro growth_share_pct(factor_now, factor_before, product_now, product_before) -%}
    case
        when
            {{ factor_now }} > 0 and {{ factor_before }} > 0 and {{ product_now }} > 0 and {{ product_before }} > 0
            and {{ product_now }} <> {{ product_before }}
            then 100.0 * ln(cast({{ factor_now }} as double) / cast({{ factor_before }} as double))
                / ln(cast({{ product_now }} as double) / cast({{ product_before }} as double))
    end
{%- endmacro %}

{#- The status of a quotient: that of its inputs, and not_applicable where they are there and the quotient is not (over
    zero, or of no change). -#}
{% macro quotient_status(value, statuses) -%}
    case
        when {{ derived_status(statuses) }} = 'derived' and {{ value }} is null then 'not_applicable'
        else {{ derived_status(statuses) }}
    end
{%- endmacro %}

{#- Which basis of expenditure stands where a source gives several: what was spent before income, then after it, then an
    amount of which it is not said. NULL for what is no expenditure (income). -#}
{% macro expenditure_basis_order(basis) -%}
    case {{ basis }} when 'gross' then 1 when 'net' then 2 when 'not_stated' then 3 end
{%- endmacro %}

{#- A basis of expenditure in words. -#}
{% macro expenditure_basis_label(basis, language) -%}
    case {{ basis }}
        when 'gross' then '{{ {'en': 'Gross expenditure', 'cy': 'Gwariant gros'}[language] }}'
        when 'net' then '{{ {'en': 'Net expenditure', 'cy': 'Gwariant net'}[language] }}'
        when 'not_stated' then '{{ {'en': 'Not stated whether gross or net', 'cy': 'Heb nodi ai gros ynteu net'}[language] }}'
    end
{%- endmacro %}

{#- By which number of children spending is divided, in words. -#}
{% macro denominator_basis_label(basis, language) -%}
    case {{ basis }}
        when 'closing_stock'
            then '{{ {'en': 'Children looked after at the end of the year',
                'cy': 'Plant sy’n derbyn gofal ar ddiwedd y flwyddyn'}[language] }}'
        when 'mean_of_opening_and_closing'
            then '{{ {'en': 'Mean of the children looked after at the start and at the end of the year',
                'cy': 'Cymedr y plant sy’n derbyn gofal ar ddechrau ac ar ddiwedd y flwyddyn'}[language] }}'
    end
{%- endmacro %}
