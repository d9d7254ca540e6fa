-- Estimated participation of 16 to 24 year olds in education and training by age group, gender, education mode and economic activity. Amcangyfrif o gyfranogiad pobl 16 i 24 oed mewn addysg a hyfforddiant yn ôl grŵp oedran, rhyw, dull addysg a gweithgarwch economaidd.
{{ stage_statswales(
    'participation_16_to_24',
    breakdowns=['age_group', 'education', 'employment', 'gender'],
) }}
