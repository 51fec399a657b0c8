-- Everyone may read a map, the worker adds a version, nobody changes one.
call garant_platform('data_mapversion', 'garant_worker');
revoke update, delete, truncate on data_mapversion from garant_web, garant_worker, garant_edge;
