-- Rules and requests belong to a tenant.
call garant_isolate('access_networkrule');
call garant_isolate('access_addressrequest');

-- A rule that is no network could be read in two ways by the edge and by decide(): the cast refuses it, whoever writes.
alter table access_networkrule add constraint access_rule_is_network check (masklen(network::cidr) >= 0);
alter table access_addressrequest add constraint access_request_is_network check (masklen(network::cidr) >= 0);
