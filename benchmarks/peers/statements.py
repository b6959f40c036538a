"""Documents that PostgreSQL makes by itself, in one statement each."""

# The keys of a convoy's row in our list; sponsors, parties and route by code and name, places by code.
LIST = """
SELECT coalesce(json_agg(page), '[]')::text FROM (
  SELECT c.reference, c.is_exercise AS exercise, c.status, c.status_since, c.status_precision, c.held_since,
    c.held_precision, c.last_reported_at, c.last_reported_precision,
    c.last_reported_at + interval '168 hours' AS silent_from, c.tracking_ended_at, c.origin_id AS origin,
    c.destination_id AS destination, c.stands_at_id AS stands_at, c.held_before_id AS control_point,
    c.heading_id AS heading, c.heading_back, c.trucks, c.tonnes_low, c.tonnes_high, c.planned_departure_at,
    c.due_at,
    json_build_object('code', r.code, 'name', r.name) AS route,
    json_build_object('code', a.code, 'name', a.name) AS carrier,
    json_build_object('code', e.code, 'name', e.name) AS consignee,
    (SELECT json_agg(json_build_object('code', o.code, 'name', o.name) ORDER BY l.position)
     FROM convoys_convoyorganisation l JOIN accounts_organisation o ON o.code = l.organisation_id
     WHERE l.convoy_id = c.id AND l.part = 'sponsor') AS sponsors
  FROM convoys_convoy c
  LEFT JOIN convoys_route r ON r.code = c.route_id
  LEFT JOIN accounts_organisation a ON a.code = c.carrier_id
  LEFT JOIN accounts_organisation e ON e.code = c.consignee_id
  WHERE NOT c.is_exercise AND c.reference > %s
  ORDER BY c.reference LIMIT 100
) AS page
"""

_CLAIM = """
(SELECT row_to_json(said) FROM (
  SELECT k.*, w.fields AS words FROM convoys_words w WHERE w.sequence = k.sequence) AS said)
"""

# A convoy with its cargo, its holds, and each event with its words and its claims with theirs.
DETAIL = f"""
SELECT row_to_json(detail)::text FROM (
  SELECT c.*,
    (SELECT row_to_json(r) FROM convoys_route r WHERE r.code = c.route_id) AS route,
    (SELECT json_agg(row_to_json(o)) FROM convoys_convoyorganisation o
     WHERE o.convoy_id = c.id) AS parties,
    (SELECT json_agg(row_to_json(g) ORDER BY g.line) FROM convoys_cargoline g
     WHERE g.convoy_id = c.id) AS cargo,
    (SELECT json_agg(row_to_json(i)) FROM convoys_stateinterval i
     WHERE i.convoy_id = c.id AND i.state = 'held' AND i.known_until IS NULL) AS episodes,
    (SELECT json_agg(row_to_json(told) ORDER BY told.effective_at, told.sequence) FROM (
      SELECT e.*, w.fields AS words,
        (SELECT json_agg({_CLAIM} ORDER BY k.said_on, k.sequence) FROM convoys_claim k
         WHERE k.target_event_id = e.chain) AS claims
      FROM convoys_event e LEFT JOIN convoys_words w ON w.sequence = e.sequence
      WHERE e.convoy_id = c.id) AS told) AS events,
    (SELECT json_agg({_CLAIM}) FROM convoys_claim k WHERE k.target_convoy_id = c.id) AS claims
  FROM convoys_convoy c WHERE c.reference = %s
) AS detail
"""  # noqa: S608 - made of texts of this file

# The next 500 entries with their words, and the reference of the convoy that they are about.
FEED = """
SELECT coalesce(json_agg(entry ORDER BY sequence), '[]')::text FROM (
  SELECT e.sequence, row_to_json(e) AS entry FROM (
    SELECT e.*, c.reference, w.fields AS words FROM convoys_event e
    JOIN convoys_convoy c ON c.id = e.convoy_id LEFT JOIN convoys_words w ON w.sequence = e.sequence
    WHERE e.sequence > %(after)s AND e.sequence <= %(after)s + 500) AS e
  UNION ALL
  SELECT k.sequence, row_to_json(k) FROM (
    SELECT k.*, c.reference, w.fields AS words FROM convoys_claim k
    LEFT JOIN convoys_event e ON e.sequence = k.target_event_id
    LEFT JOIN convoys_convoy c ON c.id = coalesce(e.convoy_id, k.target_convoy_id)
    LEFT JOIN convoys_words w ON w.sequence = k.sequence
    WHERE k.sequence > %(after)s AND k.sequence <= %(after)s + 500) AS k
) AS entries
"""
