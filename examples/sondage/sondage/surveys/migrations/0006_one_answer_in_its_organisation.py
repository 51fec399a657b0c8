"""A unique key that lacks the organisation tells, by its refusal, that another one has such a row."""

from django.db import migrations, models

NAME = "surveys_one_answer_by_question"


class Migration(migrations.Migration):
    dependencies = [("surveys", "0005_nothing_in_clear")]
    operations = [
        migrations.RemoveConstraint("answer", NAME),
        migrations.AddConstraint("answer", models.UniqueConstraint(fields=["tenant", "response", "question"], name=NAME)),
    ]
