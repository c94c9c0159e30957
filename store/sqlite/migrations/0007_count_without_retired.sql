-- Reports count servers by enrollment without the retired: the index answers that alone.
DROP INDEX servers_by_enrollment;
CREATE INDEX servers_by_enrollment ON servers (zone_id, enrollment, tenant_id, admission);
