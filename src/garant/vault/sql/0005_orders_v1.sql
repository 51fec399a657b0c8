-- An order is its tenant's; the operator reads all of them; nobody deletes one, and who ordered what never changes.
call garant_isolate('vault_keyorder');
revoke delete, truncate, update on vault_keyorder from garant_web, garant_worker, garant_edge;
grant update (state, approved_by, approved_at, begun_at, executed_at, outcome) on vault_keyorder to garant_web, garant_worker;
