-- Regulated care services by service category, service type and area. Gwasanaethau gofal a reoleiddir yn ôl categori gwasanaeth, math o wasanaeth ac ardal.
{{ stage_statswales(
    'regulated_services',
    breakdowns=['service_category', 'service_type', 'health_board'],
) }}
