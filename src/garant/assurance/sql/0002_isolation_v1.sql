-- Everyone may read the report, the worker adds one, nobody changes one.
call garant_platform('assurance_tlsreport', 'garant_worker');
revoke update, delete, truncate on assurance_tlsreport from garant_web, garant_worker, garant_edge;
