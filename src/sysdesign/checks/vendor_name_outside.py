"""A vendor's service named outside sections 5, 6 and 9 and the common questions.

Theory first, vendor last: a reader on another cloud skips the AWS section and
loses nothing else. Elsewhere the kind of thing is named, not the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document

CRITERION = "language"
CHAPTERS = ("AWS Implementation", "Use Cases", "References")
# Names that are also plain words or general terms (Lambda architecture, API gateway, batch, shield, glue) stand here
# only in the form in which they can mean nothing but the service.
SERVICES = (
    "Amazon API Gateway", "Amazon MQ", "Amazon VPC", "Application Load Balancer", "App Mesh", "App Runner", "AppConfig",
    "AppSync", "Athena", "Aurora", "AWS Backup", "AWS Batch", "AWS Glue", "AWS Shield", "AWS WAF", "Bedrock",
    "Cloud Map", "CloudFormation", "CloudFront", "CloudHSM", "CloudTrail", "CloudWatch", "CodeBuild", "CodeDeploy",
    "CodePipeline", "Cognito", "DAX", "DSQL", "Direct Connect", "DocumentDB", "DynamoDB", "EBS", "EC2", "ECR", "ECS",
    "EFS", "EKS", "ElastiCache", "Elastic Beanstalk", "Elastic Load Balancing", "EMR", "EventBridge", "Evidently",
    "Fargate", "Firehose", "FSx", "Global Accelerator", "GuardDuty", "Keyspaces", "Kinesis", "Lake Formation",
    "Lambda@Edge", "AWS Lambda", "Lambda function", "Lambda functions", "Lightsail", "MemoryDB", "MSK", "Neptune",
    "Network Load Balancer", "OpenSearch Service", "OpenSearch Serverless", "Parameter Store", "PrivateLink",
    "QuickSight", "RDS", "Redshift", "Route 53", "S3", "SageMaker", "Secrets Manager", "SNS", "SQS", "Step Functions",
    "Timestream", "Transit Gateway", "Verified Permissions", "VPC Lattice", "X-Ray",
)  # fmt: skip
_NAME = re.compile(
    r"(?<![\w-])(?:" + "|".join(sorted(map(re.escape, SERVICES), key=len, reverse=True)) + r")(?![\w@]|-FIFO)"
)


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        asked = {question.anchor for question in document.questions}  # "X or Y" is asked by name
        for line, text, section in _texts(document):
            if document.chapter(section) in CHAPTERS or section in asked:
                continue
            for name in dict.fromkeys(_NAME.findall(text)):
                fix = "Name the kind of service, or move it to section 5, 6 or 9, or to a question"
                message = f"names the service {name}"
                yield at(document, line, "vendor-name-outside", message, fix)


def _texts(document: Document) -> Iterator[tuple[int, str, str]]:
    for section in document.sections:
        yield section.line, section.title, section.anchor
    for statement in document.statements:
        yield statement.line, statement.text, statement.section
    for figure in document.figures:
        yield figure.line, figure.alt, figure.section
