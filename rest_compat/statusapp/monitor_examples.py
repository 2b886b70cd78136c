"""A monitor as the pages of the dialect show it."""

from __future__ import annotations

from typing import Final

_ID: Final = "mon_01m81q4vb2ex285gqsh83acwyg"
_MADE_AT: Final = "2025-01-01T00:00:00.000Z"
_CHECKED_AT: Final = "2025-01-21T10:30:00.000Z"

LISTED: Final = {
    "id": _ID,
    "name": "Production API",
    "url": "https://api.example.com",
    "type": "API",
    "interval": 300,
    "status": "UP",
    "isPaused": False,
    "isActive": True,
    "createdAt": _MADE_AT,
    "updatedAt": _CHECKED_AT,
    "checks": [
        {
            "id": "chk_01m81q4vb2ex285gqsh83acwyg",
            "status": "UP",
            "responseTime": 245,
            "statusCode": 200,
            "checkedAt": _CHECKED_AT,
            "workerRegion": {"country": "United States", "countryCode": "US", "city": "Virginia"},
        }
    ],
    "_count": {"checks": 1440, "incidents": 0},
}
BODY: Final = {
    "name": "My API Monitor",
    "url": "https://api.example.com/health",
    "type": "API",
    "interval": 300,
    "timeout": 30,
    "expectedStatusCode": 200,
    "httpMethod": "GET",
    "regressionEnabled": True,
    "regressionThreshold": 50,
    "apiAuthConfig": {"type": "bearer", "token": "your-api-token"},
    "notifications": [{"type": "EMAIL", "enabled": True, "config": {"emails": ["alerts@example.com"]}}],
}
SHOWN: Final = {
    **LISTED,
    "timeout": 30,
    "port": None,
    "protocol": None,
    "expectedStatusCode": 200,
    "httpMethod": "GET",
    "requestHeaders": '{"X-Key":null}',
    "requestBody": None,
    "dnsRecord": None,
    "expectedIp": None,
    "gracePeriod": None,
    "sslCertExpiryDays": None,
    "enabledWorkerRegionIds": ["reg_01m81q4vb2ex285gqsh83acwyg"],
    "regressionEnabled": True,
    "regressionThreshold": 50,
    "regressionPeriod": 7,
    "performanceTimings": True,
    "apiAuthConfig": {"type": "bearer"},
    "domainExpiryDays": None,
    "domainMonitorDns": None,
    "domainMonitorBlacklist": None,
    "domainMonitorWhois": None,
    "heartbeatUrl": None,
    "monitorNotifications": [
        {
            "id": "nc_01m81q4vb2ex285gqsh83acwyg",
            "name": "EMAIL of Production API",
            "type": "EMAIL",
            "enabled": True,
            "config": {"emails": ["alerts@example.com"]},
            "secretsSet": [],
        }
    ],
}
